# gnuplot -c picture.gnuplot WITHOUT WITH LOGGER OUT.svg: two measurements (see samples.py) as one
# picture: above, the logger's memory; below, what stands in the log; both over what has been printed.
without = ARG1
with = ARG2
logger = ARG3

set datafile separator tab
MiB = 2.0 ** 20
mib(column_name) = column(column_name) / MiB
before_end(column_name) = strcol("phase") eq "end" ? NaN : mib(column_name)
most(table, phase, column_name) = \
	real(system(sprintf("tests/demo.d/most '%s' %s %s", table, phase, column_name))) / MiB
figure(value) = value == 0 ? "nothing" : sprintf(value < 10 ? "%.1f MiB" : "%.0f MiB", value)

size = most(without, "line", "printed")
memory_open = most(without, "open", "rss")
memory_end = most(without, "end", "peak")
memory_with = most(with, "end", "peak")
log_open = most(without, "open", "log")
log_end = most(without, "end", "log")
log_with = most(with, "open", "log")

red = "#c1440e"
blue = "#0b63a5"
black = "#1c2329"
grey = "#5a6570"

set terminal svg size 960,640 font "Helvetica,Arial,sans-serif,19" background "#ffffff" dashlength 0.6
set output ARG4
set multiplot
set lmargin at screen 0.09
set rmargin at screen 0.965
set border 3 linecolor rgb grey linewidth 1
set tics nomirror textcolor rgb grey scale 0.6
set grid ytics linecolor rgb "#dfe3e6" linewidth 1
set xrange [0:size * 1.03]
unset key
set style line 1 linecolor rgb red linewidth 3.5
set style line 2 linecolor rgb blue linewidth 3.5
set style line 3 linecolor rgb red pointtype 7 pointsize 0.9

set tmargin at screen 0.845
set bmargin at screen 0.45
set format x ""
set yrange [0:memory_end * 1.12]
set label 1 sprintf("A program prints one line of %s that doesn't end", figure(size)) \
	at screen 0.016, 0.955 left font ",26" textcolor rgb black
set label 2 sprintf("Memory of %s, MiB", logger) at graph 0, 1.10 left font ",22" textcolor rgb black
set label 3 sprintf("without linecap: %s, to hold the line", figure(memory_open)) \
	at size * 0.72, memory_open * 0.72 + memory_end * 0.13 right textcolor rgb red
set label 4 sprintf("when it ends at last: %s", figure(memory_end)) \
	at size * 0.985, memory_end right textcolor rgb red
set label 5 sprintf("with linecap: %s", figure(memory_with)) \
	at size * 0.985, memory_with + memory_end * 0.08 right textcolor rgb blue
plot without using (before_end("printed")):(mib("rss")) with lines linestyle 1, \
	"+" using (size):($0 == 0 ? memory_open : memory_end) every ::0::1 with lines linestyle 1 dashtype 2, \
	"+" using (size):(memory_end) every ::0::0 with points linestyle 3, \
	with using (before_end("printed")):(mib("rss")) with lines linestyle 2

unset label
set tmargin at screen 0.345
set bmargin at screen 0.125
set format x "%g"
set xlabel "MiB printed" textcolor rgb grey offset 0, 0.3
set yrange [0:log_end * 1.15]
set label 1 "What stands in the log, MiB" at graph 0, 1.16 left font ",22" textcolor rgb black
set label 2 sprintf("without linecap: %s, until the line ends", figure(log_open)) \
	at size * 0.985, log_end * 0.13 right textcolor rgb red
set label 3 sprintf("with linecap: %s", figure(log_with)) \
	at size * 0.80, log_with * 0.93 right textcolor rgb blue
plot without using (before_end("printed")):(mib("log")) with lines linestyle 1, \
	"+" using (size):($0 == 0 ? log_open : log_end) every ::0::1 with lines linestyle 1 dashtype 2, \
	"+" using (size):(log_end) every ::0::0 with points linestyle 3, \
	with using (before_end("printed")):(mib("log")) with lines linestyle 2
unset multiplot

line = (0...1 << 20).step(8).map { |at| format('%07d ', at) }.join
$stdout.puts line
$stderr.puts line

use strict;
use warnings;

my $line = join '', map { sprintf '%07d ', $_ * 8 } 0 .. (1 << 17) - 1;
print "$line\n";
print STDERR "$line\n";

# endless.pl COUNT: endless.c in Perl.
use strict;
use warnings;

sub content {
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!";
	local $/;
	return scalar <$file>;
}

my ($count) = @ARGV;
my $payload = content('/sync/payload');
content('/sync/go');
print $payload for 1 .. $count;
STDOUT->flush();
open(my $printed, '>', '/sync/printed') or die "/sync/printed: $!";
content('/sync/finish');

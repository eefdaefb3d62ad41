// stream: an endless line of c by C++ streams: 100000 bytes on stdout, as many on stderr.
#include <iostream>
#include <string>

int main()
{
	const std::string half(12500, 'c');

	for (int i = 0; i < 4; i++) {
		std::cout << half;
		std::clog.write(half.data(), static_cast<std::streamsize>(half.size()));
	}
	for (int i = 0; i < 50000; i++) {
		std::cout.put('c') << std::flush;
		std::cerr << 'c';
	}
	return std::cout.good() && std::cerr.good() ? 0 : 1;
}

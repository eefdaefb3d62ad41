// The ways of ways.c that are C++'s own. ways_cxx WAY 1|2, ways_cxx --list.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace
{

std::string line()
{
	std::string text;

	for (int at = 0; text.size() < 100000; at += 8) {
		char word[16];

		std::snprintf(word, sizeof word, "%07d ", at);
		text += word;
	}
	return text + "\nshort\n";
}

void cout(int)
{
	std::cout << line();
}

void cout_alone(int)
{
	std::ios::sync_with_stdio(false);
	std::cout << line();
}

void cout_chars(int)
{
	std::ios::sync_with_stdio(false);
	const std::string chars = line();
	std::copy(chars.begin(), chars.end(), std::ostreambuf_iterator<char>(std::cout));
}

void cerr(int)
{
	std::cerr << line();
}

void clog(int)
{
	std::ios::sync_with_stdio(false);
	std::clog << line();
}

void wide(int fd)
{
	const std::string narrow = line();
	(fd == 1 ? std::wcout : std::wcerr) << std::wstring(narrow.begin(), narrow.end());
}

void file(int fd)
{
	std::ofstream("/proc/self/fd/" + std::to_string(fd)) << line();
}

void buffer_on_descriptor(int fd)
{
	__gnu_cxx::stdio_filebuf<char> buffer(fd, std::ios::out);
	std::ostream(&buffer) << line();
}

const struct {
	const char *name, *streams;
	void (*put)(int fd);
} ways[] = {
	{"C++ cout", "1", cout},
	{"C++ cout without stdio", "1", cout_alone},
	{"C++ cout, char by char", "1", cout_chars},
	{"C++ cerr", "2", cerr},
	{"C++ clog without stdio", "2", clog},
	{"C++ wcout, wcerr", "12", wide},
	{"C++ ofstream", "12", file},
	{"C++ stdio_filebuf", "12", buffer_on_descriptor},
};

} // namespace

int main(int argc, char **argv)
{
	for (const auto &way : ways) {
		if (argc == 2 && !std::strcmp(argv[1], "--list"))
			std::printf("%s %s pipe\n", way.name, way.streams);
		if (argc == 3 && !std::strcmp(argv[1], way.name)) {
			way.put(argv[2][0] - '0');
			return 0;
		}
	}
	return argc == 2 ? 0 : 2;
}

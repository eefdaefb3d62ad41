#include <cstdio>
#include <iostream>
#include <string>

int main()
{
	std::string line;

	for (int at = 0; at < 1 << 20; at += 8) {
		char word[16];

		std::snprintf(word, sizeof word, "%07d ", at);
		line += word;
	}
	std::cout << line << std::endl;
	std::cerr << line << std::endl;
}

// simdjson FILE: how fast simdjson parses the record in it: MB/s, the median of some rounds.
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

static double cpu_seconds()
{
	timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
	constexpr size_t rounds = 9, per_round = 1 << 25;
	simdjson::padded_string record;
	simdjson::dom::parser parser;
	std::vector<double> speeds;

	if (argc != 2 || simdjson::padded_string::load(argv[1]).get(record))
		return 64;
	for (size_t round = 0; round < rounds; round++) {
		size_t parses = per_round / record.size() + 1;
		double start = cpu_seconds();

		for (size_t i = 0; i < parses; i++)
			if (parser.parse(record).error())
				return 1;
		speeds.push_back(double(record.size() * parses) / (cpu_seconds() - start) / 1e6);
	}
	std::sort(speeds.begin(), speeds.end());
	std::printf("%.0f\n", speeds[rounds / 2]);
	return 0;
}

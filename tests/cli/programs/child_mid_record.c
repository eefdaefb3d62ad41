/* child_mid_record fork|vfork|_Fork: a record far longer than max; halfway in it, a child of this
 * kind writes a line. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static ssize_t put(const char *bytes, size_t n)
{
	return write(1, bytes, n);
}

static void write_as_child(void)
{
	_exit(put("child\n", 6) != 6);
}

int main(int argc, char **argv)
{
	static char half[5000] = "{\"stack\":\"";
	static const char rest[] = "the end\"}\nafter\n";
	int status;
	pid_t child = -1;

	memset(half + strlen(half), 'x', sizeof half - strlen(half));
	if (argc < 2 || put(half, sizeof half) != (ssize_t)sizeof half)
		return 1;
	if (!strcmp(argv[1], "fork"))
		child = fork();
	else if (!strcmp(argv[1], "_Fork"))
		child = _Fork();
	else if (!(child = vfork()))
		write_as_child();
	if (!child)
		write_as_child();
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	return put(rest, sizeof rest - 1) < 0;
}

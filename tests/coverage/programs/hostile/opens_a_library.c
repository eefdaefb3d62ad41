/* opens_a_library deepbind|dlmopen FUNCTION: opens prints.so beside it with a libc of the library's
 * own. */
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifdef __GLIBC__
static void *open_apart(const char *how, const char *path)
{
	if (!strcmp(how, "dlmopen"))
		return dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	return dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
}

int main(int argc, char **argv)
{
	char path[PATH_MAX + 16];

	if (argc != 3)
		return 2;
	snprintf(path, sizeof path, "%s/prints.so", dirname(strdup(argv[0])));
	void *library = open_apart(argv[1], path);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	void (*print)(void);
	*(void **)&print = dlsym(library, argv[2]);
	if (!print)
		return 1;
	print();
	return 0;
}
#else
int main(void)
{
	return 77;
}
#endif

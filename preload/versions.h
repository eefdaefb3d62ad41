/* The symbol versions that liblinecap.so asks for where the linker would take a newer one: included
 * by the compiler's command line into each file of the .so, and into nothing else. The ceiling is
 * GLIBC_2.2.5 on x86-64 and GLIBC_2.17 on aarch64, the oldest that each has. musl ignores them. */
#if defined __x86_64__
__asm__(".symver memcpy, memcpy@GLIBC_2.2.5"); /* newer: 2.14 */
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");   /* newer: 2.34 */
#elif defined __aarch64__
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
#endif

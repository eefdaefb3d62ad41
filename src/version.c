/* The version in the files of the library and the program, as an ELF note (elf(5)): `strings` shows
 * it, it can be read without loading the file, and it tells a linecap from other programs (elf.c).
 */
#include "version.h"

__asm__(".pushsection .note.linecap, \"a\", %note\n"
	"	.balign 4\n"
	"	.long 1f - 0f, 3f - 2f, 1\n"
	"0:	.asciz \"linecap\"\n"
	"1:	.balign 4\n"
	"2:	.asciz \"linecap " LINECAP_VERSION "\"\n"
	"3:	.balign 4\n"
	"	.popsection\n");

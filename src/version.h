/* The version, and the only place that has it: the program's --version, the library (its note
 * .note.linecap, which strip(1) leaves), and what `make install` writes into the man pages. */
#ifndef LINECAP_VERSION_H
#define LINECAP_VERSION_H

#define LINECAP_VERSION "0.1.0"

#endif

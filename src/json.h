/* clang-format off */
/* JSON records: where may a record that is too long be cut, and what makes it whole again?
 *
 * A record is a line whose first byte that is no blank is `{`. All that is known between two of its
 * bytes is a struct json: 16 bytes without a pointer, all zero where a line begins. Pure: no I/O, no
 * errno, no allocation; it may call nothing but memcpy, memcmp and memset. All of it is
 * async-signal-safe and needs under 512 bytes of stack. Whatever a struct json holds, memory and the
 * bound are safe: it may come from a page that others can write. (They may write at any time: hand
 * these functions a copy.)
 *
 * The grammar is RFC 8259's, its blanks written where they may stand:
 *
 *   record = ws object ws                     ws: any number of space, tab, CR; LF ends the line
 *   object = "{" ws [ member *( "," ws member ) ] "}"
 *   member = string ws ":" ws value ws
 *   array  = "[" ws [ value ws *( "," ws value ws ) ] "]"
 *   value  = "false" / "null" / "true" / object / array / number / string
 *   number = [ "-" ] ( "0" / %x31-39 *DIGIT ) [ "." 1*DIGIT ] [ ( "e" / "E" ) [ "-" / "+" ] 1*DIGIT ]
 *   string = DQUOTE *char DQUOTE
 *   char   = %x20-21 / %x23-5B / %x5D-7F / UTF8-2 / UTF8-3 / UTF8-4       (RFC 3629, section 4)
 *          / "\" ( DQUOTE / "\" / "/" / "b" / "f" / "n" / "r" / "t" / "u" 4HEXDIG )
 *
 * Three limits are ours: the outermost value is an object, at most 64 brackets are open, and what is
 * not UTF-8 is no record. (Half of a surrogate pair may stand alone, as in the RFC.)
 *
 * How a record is cut. At each byte there is a text that closes it: it completes what is at hand, has
 * a bracket for each that is open, and as the outermost object's last member
 * "linecap_truncated":true. The cut stands at the last place where that text fits and where nothing
 * need be made up:
 *
 *   - in a string that is a value, between two characters: never in a UTF-8 sequence, an escape or a
 *     surrogate pair
 *   - behind an opening bracket or a whole value; a literal that has begun is one
 *
 * So a name, a member without its value, or a number that doesn't fit is left out. Only what has begun
 * in an earlier write, and so is out, is completed:
 *
 *   "ab     "ab...":null   the dots, lest it be the name of another member
 *   "ab"    "ab":null      and so behind the colon
 *   [1,     [1,null
 *   {"a":{"b":1,           {"a":{"b":1,"...":null     (the outermost object's last member needs none)
 *   -       -0             1. 1.0   1e 1e0   and a number longer than JSON_NUMBER ends where it is
 *   "\ud83  "\ud830\udc00" where another writer's line comes while the character has only begun
 *
 * So that this is always possible, the end of a write that leaves the line open keeps room for it:
 *
 *   25      for the last member, and 1 for its comma
 *   1       for each open bracket but the outermost
 *   0…10    for what completes a name, member or element
 *   0…11    for the missing bytes of a character (11 behind the backslash of \ud83d\ude00)
 *   0…23    for the missing ones of a number's first 24 bytes: a number that short is never cut
 *
 * at most 112 bytes (JSON_ROOM_MOST); so much shorter than max a record may be that is cut because it
 * comes in pieces. In one write, it is cut only if it is longer than max. */
/* clang-format on */
#ifndef LINECAP_JSON_H
#define LINECAP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JSON_DEPTH_MOST = 64, /* open brackets */
	JSON_NUMBER = 24,     /* bytes of a number for which room is kept: a double has no more */
	JSON_CLOSING_MOST = 106, /* bytes: half a pair, ...":null, 63 brackets, the last member */
	JSON_ROOM_MOST = 112,	 /* 23 bytes of a number instead of the "...":null */
	JSON_DROPPED_MOST = 51,	 /* bytes: {"linecap":{"dropped_bytes":18446744073709551615}}\n */
};

/* Between two bytes of a line. A line begins with all of it zero. */
struct json {
	uint64_t arrays; /* a bit each open bracket, the innermost lowest: 1 is an array */
	uint8_t place;	 /* in the grammar */
	uint8_t depth;	 /* open brackets */
	uint8_t key;	 /* 1: the string is a key */
	uint8_t digits;	 /* bytes of the number, at most JSON_NUMBER */
	uint32_t unused; /* 0: there is no padding, so that two words hold it all */
};

/* Advances over n bytes of a line, none of them a newline. False: the line is no record, and stays
 * none, whatever comes. */
bool json_scan(struct json *json, const char *bytes, size_t n);

/* A line that is no record. */
struct json json_none(void);

/* May these n bytes pass, none of them a newline, where the line goes on behind them or is too
 * long?
 *
 * column: where the first of them will stand. (Whoever knows that the line ends in this write,
 * within max, need not ask.) max: at least 64. open: max less what breaks the line should it turn
 * out to be no record; at most JSON_ROOM_MOST less.
 *
 * The bytes beyond max are not looked at: a record is cut whatever follows it there. */
enum json_fate {
	JSON_PASSES, /* all n may, and json is behind them */
	JSON_CUT,    /* `length` may, then comes json_close's text, and the rest of the line goes */
	JSON_NO_RECORD, /* it's a line like any other, from here to its end */
};

struct json_run {
	enum json_fate fate;
	size_t length;
};

struct json_run json_run(struct json *json, uint64_t max, uint64_t open, uint64_t column,
			 const char *bytes, size_t n);

/* The text that closes a record that was cut: its length, without a newline. It depends on json
 * alone. */
size_t json_close(const struct json *json, char text[JSON_CLOSING_MOST]);

/* The line that says how much was dropped, with its newline: its length. */
size_t json_dropped(char line[JSON_DROPPED_MOST], uint64_t bytes);

#endif

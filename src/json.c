/* JSON records. Pure: it may call nothing but memcpy, memcmp and memset. */
#include "json.h"

#include <assert.h>
#include <string.h>

#include "decimal.h"

static_assert(sizeof(struct json) == 16, "two words hold it, without padding");

/* Where in the grammar: what the next byte may be follows from it (and the innermost bracket). */
enum place {
	START, /* of the line: only blanks so far */
	NO_RECORD,
	DONE, /* behind the outermost object */
	FIRST_KEY,
	KEY, /* behind a comma */
	COLON,
	FIRST_ELEMENT,
	VALUE, /* behind a colon, or the comma of an array */
	AFTER, /* a value */
	MINUS, /* a number: behind its sign, … */
	ZERO,
	INTEGER,
	POINT,
	FRACTION,
	E,
	E_SIGN,
	EXPONENT,
	T, /* a literal: behind its first letter, … */
	TR,
	TRU,
	F,
	FA,
	FAL,
	FALS,
	N,
	NU,
	NUL,
	STRING, /* between two of its characters */
	TAIL_1, /* this many more bytes of a UTF-8 sequence, 80…BF each */
	TAIL_2,
	TAIL_3,
	BEHIND_E0, /* A0…BF, then TAIL_1 */
	BEHIND_ED, /* 80…9F, then TAIL_1 */
	BEHIND_F0, /* 90…BF, then TAIL_2 */
	BEHIND_F4, /* 80…8F, then TAIL_2 */
	ESCAPE,	   /* behind a backslash */
	U,	   /* behind \u */
	U_D,	   /* behind \ud: it may be half of a surrogate pair */
	HIGH_2,	   /* this many more digits of the first half */
	HIGH_1,
	PAIR, /* behind the first half */
	PAIR_ESCAPE,
	PAIR_U,	 /* behind \u */
	PAIR_D,	 /* behind \ud: it may be a first half, too */
	AGAIN_2, /* this many more digits of it */
	AGAIN_1,
	AGAIN, /* behind a first half behind a first half: it may open the pair, but so may the next
		*/
	HEX_3, /* this many more digits of what opens no pair */
	HEX_2,
	HEX_1,
	PLACES
};

/* How good a cut is at a place: the last of the best is taken. */
enum rank {
	NEVER,
	INSIDE, /* a number: what is out of it stands for the whole; or a pair that may be none */
	COMPLETED, /* a member or element begun in an earlier write */
	CLEAN,	   /* nothing is made up */
};

#define LENGTH(text) (sizeof(text) - 1)
#define TEXT(text)   {text}, LENGTH(text)

/* clang-format off */
static const struct {
	char text[12]; /* completes what is at hand */
	uint8_t length;
	uint8_t rank;
	uint8_t unit; /* bytes that the character may yet have */
} closing[PLACES] = {
	[KEY]		= {TEXT("\"...\":null"), COMPLETED, 0},
	[COLON]		= {TEXT(":null"), COMPLETED, 0},
	[VALUE]		= {TEXT("null"), COMPLETED, 0},
	[DONE]		= {TEXT(""), COMPLETED, 0},
	[FIRST_KEY]	= {TEXT(""), CLEAN, 0},
	[FIRST_ELEMENT] = {TEXT(""), CLEAN, 0},
	[AFTER]		= {TEXT(""), CLEAN, 0},

	[MINUS]	   = {TEXT("0"), INSIDE, 0},	[POINT]	   = {TEXT("0"), INSIDE, 0},
	[ZERO]	   = {TEXT(""), INSIDE, 0},	[FRACTION] = {TEXT(""), INSIDE, 0},
	[INTEGER]  = {TEXT(""), INSIDE, 0},	[EXPONENT] = {TEXT(""), INSIDE, 0},
	[E]	   = {TEXT("0"), INSIDE, 0},	[E_SIGN]   = {TEXT("0"), INSIDE, 0},

	[T]    = {TEXT("rue"), CLEAN, 0},	[TR]  = {TEXT("ue"), CLEAN, 0},
	[TRU]  = {TEXT("e"), CLEAN, 0},		[F]   = {TEXT("alse"), CLEAN, 0},
	[FA]   = {TEXT("lse"), CLEAN, 0},	[FAL] = {TEXT("se"), CLEAN, 0},
	[FALS] = {TEXT("e"), CLEAN, 0},		[N]   = {TEXT("ull"), CLEAN, 0},
	[NU]   = {TEXT("ll"), CLEAN, 0},	[NUL] = {TEXT("l"), CLEAN, 0},

	/* Before the quote stands what makes the character whole. */
	[STRING]      = {TEXT("\""), CLEAN, 0},
	[TAIL_1]      = {TEXT("\x80\""), NEVER, 1},
	[TAIL_2]      = {TEXT("\x80\x80\""), NEVER, 2},
	[TAIL_3]      = {TEXT("\x80\x80\x80\""), NEVER, 3},
	[BEHIND_E0]   = {TEXT("\xa0\x80\""), NEVER, 2},
	[BEHIND_ED]   = {TEXT("\x80\x80\""), NEVER, 2},
	[BEHIND_F0]   = {TEXT("\x90\x80\x80\""), NEVER, 3},
	[BEHIND_F4]   = {TEXT("\x80\x80\x80\""), NEVER, 3},
	[ESCAPE]      = {TEXT("\\\""), NEVER, 11},
	[U]	      = {TEXT("fffd\""), NEVER, 10},	[U_D]	    = {TEXT("7ff\""), NEVER, 9},
	[HIGH_2]      = {TEXT("00\\udc00\""), NEVER, 8},	[HIGH_1]    = {TEXT("0\\udc00\""), NEVER, 7},
	[PAIR]	      = {TEXT("\\udc00\""), NEVER, 6},	[PAIR_ESCAPE] = {TEXT("udc00\""), NEVER, 5},
	[PAIR_U]      = {TEXT("dc00\""), NEVER, 4},	[PAIR_D]    = {TEXT("c00\""), NEVER, 3},
	[AGAIN_2]     = {TEXT("00\""), NEVER, 2},	[AGAIN_1]   = {TEXT("0\""), NEVER, 1},
	[AGAIN]	      = {TEXT("\""), INSIDE, 0},	[HEX_3]	    = {TEXT("fff\""), NEVER, 3},
	[HEX_2]	      = {TEXT("ff\""), NEVER, 2},	[HEX_1]	    = {TEXT("f\""), NEVER, 1},
};
/* clang-format on */

static const char last_member[] = ",\"linecap_truncated\":true}";
static const char key_completed[] = "...\":null";

static_assert(JSON_CLOSING_MOST == LENGTH("00\\udc00") + LENGTH(key_completed) + JSON_DEPTH_MOST -
					   1 + LENGTH(last_member),
	      "the longest text that closes a record");
static_assert(JSON_ROOM_MOST == JSON_NUMBER - 1 + JSON_DEPTH_MOST - 1 + LENGTH(last_member) &&
		      11 + LENGTH(key_completed) < JSON_NUMBER - 1,
	      "the most room that closing takes: a number that has begun");

static bool is_between(uint8_t byte, uint8_t least, uint8_t most)
{
	return byte >= least && byte <= most;
}

static bool is_digit(uint8_t byte)
{
	return is_between(byte, '0', '9');
}

static bool is_hex(uint8_t byte)
{
	return is_digit(byte) || is_between(byte | 0x20, 'a', 'f');
}

/* Behind \ud: is it the first half of a surrogate pair? */
static bool is_high(uint8_t byte)
{
	return is_between(byte, '8', '9') || is_between(byte | 0x20, 'a', 'b');
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool is_escape(uint8_t byte)
{
	static const bool escapes[256] = {['"'] = 1, ['\\'] = 1, ['/'] = 1, ['b'] = 1,
					  ['f'] = 1, ['n'] = 1,	 ['r'] = 1, ['t'] = 1};

	return escapes[byte];
}

static bool is_number(uint8_t place)
{
	return is_between(place, MINUS, EXPONENT);
}

static bool is_whole_number(uint8_t place)
{
	return place == ZERO || place == INTEGER || place == FRACTION || place == EXPONENT;
}

/* Might this be the state of a line? What comes from elsewhere is asked before it is used. */
static bool is_sane(const struct json *json)
{
	if (json->place <= DONE)
		return json->place != NO_RECORD && !json->depth && !json->arrays;
	return json->place < PLACES && json->depth && json->depth <= JSON_DEPTH_MOST &&
	       !(json->arrays >> (json->depth - 1)); /* the outermost is an object */
}

/* --- the grammar, a byte at a time: the law for all else here ----------------------- */

static uint8_t opened(struct json *json, bool array)
{
	if (json->depth == JSON_DEPTH_MOST)
		return NO_RECORD;
	json->arrays = json->arrays << 1 | array;
	json->depth++;
	return array ? FIRST_ELEMENT : FIRST_KEY;
}

static uint8_t closed(struct json *json, bool array)
{
	if ((json->arrays & 1) != array)
		return NO_RECORD;
	json->arrays >>= 1;
	return --json->depth ? AFTER : DONE;
}

static uint8_t begun_string(struct json *json, bool key)
{
	json->key = key;
	return STRING;
}

static uint8_t begun_number(struct json *json, uint8_t place)
{
	json->digits = 1;
	return place;
}

static uint8_t at_value(struct json *json, uint8_t byte)
{
	switch (byte) {
	case '"':
		return begun_string(json, false);
	case '{':
		return opened(json, false);
	case '[':
		return opened(json, true);
	case '-':
		return begun_number(json, MINUS);
	case '0':
		return begun_number(json, ZERO);
	case 't':
		return T;
	case 'f':
		return F;
	case 'n':
		return N;
	default:
		return is_digit(byte) ? begun_number(json, INTEGER) : NO_RECORD;
	}
}

static uint8_t after_value(struct json *json, uint8_t byte)
{
	if (byte == ',')
		return json->arrays & 1 ? VALUE : KEY;
	if (byte == '}' || byte == ']')
		return closed(json, byte == ']');
	return NO_RECORD;
}

/* Between two tokens. */
static uint8_t between(struct json *json, uint8_t byte)
{
	if (is_blank(byte))
		return json->place;
	switch (json->place) {
	case START:
		return byte == '{' ? opened(json, false) : NO_RECORD;
	case FIRST_KEY:
		if (byte == '}')
			return closed(json, false);
		/* fall through */
	case KEY:
		return byte == '"' ? begun_string(json, true) : NO_RECORD;
	case COLON:
		return byte == ':' ? VALUE : NO_RECORD;
	case FIRST_ELEMENT:
		if (byte == ']')
			return closed(json, true);
		/* fall through */
	case VALUE:
		return at_value(json, byte);
	case AFTER:
		return after_value(json, byte);
	default:
		return NO_RECORD;
	}
}

/* Behind one more byte of a number; NO_RECORD: it has none such. */
static uint8_t in_number(uint8_t place, uint8_t byte)
{
	bool e = (byte | 0x20) == 'e';

	switch (place) {
	case MINUS:
		return byte == '0' ? ZERO : is_digit(byte) ? INTEGER : NO_RECORD;
	case INTEGER:
		if (is_digit(byte))
			return INTEGER;
		/* fall through */
	case ZERO:
		return byte == '.' ? POINT : e ? E : NO_RECORD;
	case POINT:
		return is_digit(byte) ? FRACTION : NO_RECORD;
	case FRACTION:
		return is_digit(byte) ? FRACTION : e ? E : NO_RECORD;
	case E:
		if (byte == '+' || byte == '-')
			return E_SIGN;
		/* fall through */
	default:
		return is_digit(byte) ? EXPONENT : NO_RECORD;
	}
}

static uint8_t in_or_after_number(struct json *json, uint8_t byte)
{
	uint8_t place = in_number(json->place, byte);

	if (place == NO_RECORD && is_whole_number(json->place)) {
		json->place = AFTER;
		return between(json, byte);
	}
	json->digits = (uint8_t)(json->digits + (json->digits < JSON_NUMBER));
	return place;
}

static uint8_t in_literal(uint8_t place, uint8_t byte)
{
	if (byte != (uint8_t)closing[place].text[0])
		return NO_RECORD;
	return closing[place].length == 1 ? AFTER : place + 1;
}

/* The first byte of a character. RFC 3629, section 4. */
static uint8_t at_char(const struct json *json, uint8_t byte)
{
	if (byte == '"')
		return json->key ? COLON : AFTER;
	if (byte == '\\')
		return ESCAPE;
	if (byte < 0x80)
		return byte < 0x20 ? NO_RECORD : STRING;
	if (is_between(byte, 0xc2, 0xdf))
		return TAIL_1;
	if (is_between(byte, 0xe0, 0xef))
		return byte == 0xe0 ? BEHIND_E0 : byte == 0xed ? BEHIND_ED : TAIL_2;
	if (is_between(byte, 0xf0, 0xf4))
		return byte == 0xf0 ? BEHIND_F0 : byte == 0xf4 ? BEHIND_F4 : TAIL_3;
	return NO_RECORD;
}

static uint8_t in_sequence(uint8_t place, uint8_t byte)
{
	uint8_t least = place == BEHIND_E0 ? 0xa0 : place == BEHIND_F0 ? 0x90 : 0x80;
	uint8_t most = place == BEHIND_ED ? 0x9f : place == BEHIND_F4 ? 0x8f : 0xbf;

	if (!is_between(byte, least, most))
		return NO_RECORD;
	switch (closing[place].unit) {
	case 1:
		return STRING;
	case 2:
		return TAIL_1;
	default:
		return TAIL_2;
	}
}

/* Behind a digit of \uXXXX. D800…DBFF is the first half of a pair. */
static uint8_t in_hex(uint8_t place, uint8_t byte)
{
	if (!is_hex(byte))
		return NO_RECORD;
	switch (place) {
	case U:
		return (byte | 0x20) == 'd' ? U_D : HEX_3;
	case U_D:
		return is_high(byte) ? HIGH_2 : HEX_2;
	case PAIR_U:
		return (byte | 0x20) == 'd' ? PAIR_D : HEX_3;
	case PAIR_D:
		return is_high(byte) ? AGAIN_2 : HEX_2;
	case HEX_1:
		return STRING;
	default: /* HIGH_1 is followed by PAIR, AGAIN_1 by AGAIN */
		return place + 1;
	}
}

static uint8_t in_string(const struct json *json, uint8_t byte)
{
	switch (json->place) {
	case STRING:
		return at_char(json, byte);
	case ESCAPE:
	case PAIR_ESCAPE:
		if (byte == 'u')
			return json->place == ESCAPE ? U : PAIR_U;
		return is_escape(byte) ? STRING : NO_RECORD;
	case PAIR:
	case AGAIN: /* no room is kept for its second half: a cut would wait for ever */
		return byte == '\\' ? PAIR_ESCAPE : at_char(json, byte);
	default:
		return json->place < ESCAPE ? in_sequence(json->place, byte)
					    : in_hex(json->place, byte);
	}
}

static void step(struct json *json, uint8_t byte)
{
	if (json->place >= STRING)
		json->place = in_string(json, byte);
	else if (is_number(json->place))
		json->place = in_or_after_number(json, byte);
	else if (json->place >= T)
		json->place = in_literal(json->place, byte);
	else
		json->place = between(json, byte);
}

/* --- the same in a hurry: whole tokens; what is rare or wrong is left to step ------- */

typedef uint8_t block __attribute__((vector_size(16)));
typedef int8_t signed_block __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

enum {
	BLOCK = sizeof(block),
	BLOCKS = 2 * BLOCK, /* looked at in one go */
	AHEAD = 3 * BLOCK,  /* bytes that must be there: those, and the rest of a pair of escapes */
};

static inline block block_at(const uint8_t *p)
{
	block b;

	memcpy(&b, p, sizeof b);
	return b;
}

/* A bit for each byte, of a block whose bytes are 0 or ff. */
static inline unsigned bits_of(block marks)
{
#ifdef __SSE2__
	typedef char bytes __attribute__((vector_size(16)));

	return (unsigned)__builtin_ia32_pmovmskb128((bytes)marks);
#else
	static const uint64_t each = UINT64_C(0x8040201008040201),
			      sum = UINT64_C(0x0101010101010101);
	halves bits = ((halves)marks & each) * sum >> 56;

	return (unsigned)(bits[0] | bits[1] << 8);
#endif
}

/* Each byte n places later; zeros come first. */
static inline block moved(block b, int n)
{
	halves h = (halves)b;

	return (block)(h << 8 * n | (halves){0, h[0]} >> (64 - 8 * n));
}

/* Which bytes can't follow those before them. The block begins with a whole character. */
static inline block not_utf8(block b)
{
	block before = moved(b, 1);
	block due = moved((block)(b >= 0xc2), 1) | moved((block)(b >= 0xe0), 2) |
		    moved((block)(b >= 0xf0), 3);
	block wrong = due ^ (block)((b & 0xc0) == 0x80);

	wrong |= (block)((b & 0xfe) == 0xc0) | (block)(b >= 0xf5);
	wrong |= (block)(before == 0xe0) & (block)(b < 0xa0);
	wrong |= (block)(before == 0xed) & (block)(b >= 0xa0);
	wrong |= (block)(before == 0xf0) & (block)(b < 0x90);
	return wrong | ((block)(before == 0xf4) & (block)(b >= 0x90));
}

/* How many of the 16 bytes belong to a sequence that goes on behind them. */
static inline size_t torn(const uint8_t *p)
{
	return p[15] >= 0xc2 ? 1 : p[14] >= 0xe0 ? 2 : p[13] >= 0xf0 ? 3 : 0;
}

/* A bit for each of the next bytes that is no character by itself, or not ASCII. */
static inline unsigned specials(const uint8_t *p)
{
	block b = block_at(p);

	/* As signed bytes, those that aren't ASCII are below the blank, too. */
	return bits_of((block)(b == '"') | (block)(b == '\\') | (block)((signed_block)b < ' '));
}

/* How many of the next bytes are whole characters without an escape, in any language. */
static inline size_t sequences(const uint8_t *p)
{
	block b = block_at(p);
	unsigned wrong = bits_of(not_utf8(b));
	unsigned end = bits_of((block)(b == '"') | (block)(b == '\\') | (block)(b < ' '));

	if (!(wrong | end))
		return BLOCK - torn(p);
	/* The lowest bit: does the characters' end come before a wrong byte? */
	return (end & -end) - 1 < (wrong & -wrong) - 1 ? (size_t)__builtin_ctz(end) : 0;
}

static inline bool are_4_hex(const uint8_t *p)
{
	return is_hex(p[0]) && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]);
}

/* The length of the escape or the pair of them that begins here; 0: let step see. */
static inline size_t escape(const uint8_t *p)
{
	if (*p != '\\')
		return 0;
	if (p[1] != 'u')
		return is_escape(p[1]) ? 2 : 0;
	if (!are_4_hex(p + 2))
		return 0;
	if ((p[2] | 0x20) != 'd' || !is_high(p[3]))
		return 6;
	if (p[6] != '\\' || p[7] != 'u' || !are_4_hex(p + 8))
		return 0;
	return (p[8] | 0x20) == 'd' && is_high(p[9]) ? 0 : 12;
}

/* From between two characters of a string to its end, or as far as it goes. */
static inline const uint8_t *skip_chars(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= AHEAD) {
		uint64_t marks = specials(p) | (uint64_t)specials(p + BLOCK) << BLOCK;
		size_t chars = BLOCKS, n;

		while (marks && (n = escape(p + (chars = (size_t)__builtin_ctzll(marks))))) {
			marks &= ~UINT64_C(0) << (chars + n);
			chars = chars + n > BLOCKS ? chars + n : BLOCKS;
		}
		p += chars;
		if (!marks)
			continue;
		if (*p < 0x80)
			break;
		do {
			n = sequences(p);
			if (!n)
				return p;
			p += n;
		} while (end - p >= BLOCK && (*p | p[1]) >= 0x80);
	}
	return p;
}

/* A token that begins here and ends within reach: where it ends; else NULL. */
static inline const uint8_t *skip_string(const uint8_t *p, const uint8_t *end)
{
	unsigned marks = specials(++p);

	if (marks && p[__builtin_ctz(marks)] == '"')
		return p + __builtin_ctz(marks) + 1;
	p = skip_chars(p, end);
	return p < end && *p == '"' ? p + 1 : NULL;
}

static inline const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Its first digit is there. */
static inline const uint8_t *skip_number(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *at = skip_digits(p, end);

	if (at < end && *at == '.')
		at = skip_digits(p = at + 1, end);
	if (at == p || at == end)
		return NULL;
	return *at == ',' || *at == '}' || *at == ']' ? at : NULL;
}

static inline bool starts_with(const uint8_t *p, const char text[4])
{
	return !memcmp(p, text, 4);
}

static inline const uint8_t *skip_value(struct json *json, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *next = NULL;

	if (*p == '{' || *p == '[') {
		json->place = opened(json, *p == '[');
		return p + 1;
	}
	if (*p == '"') {
		next = skip_string(p, end);
		json->key = next ? false : json->key;
	} else if (is_between(*p, '1', '9')) {
		next = skip_number(p, end);
		if (next)
			json->digits = (uint8_t)(next - p < JSON_NUMBER ? next - p : JSON_NUMBER);
	} else if (starts_with(p, "true") || starts_with(p, "null")) {
		next = p + 4;
	} else if (starts_with(p, "fals") && p[4] == 'e') {
		next = p + 5;
	}
	json->place = next ? AFTER : json->place;
	return next;
}

static inline const uint8_t *skip_name(struct json *json, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *next = *p == '"' ? skip_string(p, end) : NULL;

	if (next) {
		json->key = true;
		json->place = COLON;
	}
	return next;
}

static const uint8_t *hurry(struct json *json, const uint8_t *p, const uint8_t *end)
{
	struct json at = *json;
	const uint8_t *next;

	if (at.place == STRING) {
		p = skip_chars(p, end);
		if (p == end || *p != '"')
			return p;
		at.place = at.key ? COLON : AFTER;
		p++;
	}
	for (; end - p >= AHEAD; p = next) {
		next = NULL;
		if (at.place == FIRST_KEY || at.place == KEY) {
			next = skip_name(&at, p, end);
		} else if (at.place == COLON && *p == ':') {
			at.place = VALUE;
			next = p + 1 + (p[1] == ' ');
		} else if (at.place == VALUE || at.place == FIRST_ELEMENT) {
			next = skip_value(&at, p, end);
		} else if (at.place == AFTER && !is_blank(*p)) {
			at.place = after_value(&at, *p);
			next = p + 1 + (*p == ',' && p[1] == ' ');
		}
		if (!next)
			break;
	}
	*json = at;
	return p;
}

bool json_scan(struct json *json, const char *bytes, size_t n)
{
	const uint8_t *p = (const uint8_t *)bytes, *end = p + n;

	if (!is_sane(json))
		*json = (struct json){.place = NO_RECORD};
	while (p < end && json->place != NO_RECORD) {
		p = hurry(json, p, end);
		if (p < end)
			step(json, *p++);
	}
	return json->place != NO_RECORD;
}

struct json json_none(void)
{
	return (struct json){.place = NO_RECORD};
}

/* --- the cut ------------------------------------------------------------------------ */

/* Does the outermost object's last member need no comma, and nothing before it? */
static bool is_last_next(const struct json *json)
{
	return json->depth == 1 && (json->place == FIRST_KEY || json->place == KEY);
}

/* What closes the brackets. */
static size_t brackets(const struct json *json)
{
	return json->depth - 1u + LENGTH(last_member) - is_last_next(json);
}

static bool is_in_key(const struct json *json)
{
	return json->place >= STRING && json->key;
}

/* What makes the character at hand whole. */
static size_t rest_of_char(const struct json *json)
{
	return json->place >= STRING ? closing[json->place].length - LENGTH("\"") : 0;
}

static size_t completion(const struct json *json)
{
	if (is_last_next(json))
		return 0;
	return is_in_key(json) ? rest_of_char(json) + LENGTH(key_completed)
			       : closing[json->place].length;
}

static size_t length_of_closing(const struct json *json)
{
	return json->place <= DONE ? 0 : completion(json) + brackets(json);
}

/* What must be kept free where a write ends. */
static size_t room_for_closing(const struct json *json)
{
	size_t length = length_of_closing(json), missing;

	if (!is_number(json->place))
		return length - rest_of_char(json) + closing[json->place].unit;
	missing = json->digits < JSON_NUMBER ? (size_t)JSON_NUMBER - json->digits : 0;
	return missing > completion(json) ? missing + brackets(json) : length;
}

static bool ends_value(uint8_t byte)
{
	return is_blank(byte) || byte == ',' || byte == ']' || byte == '}';
}

/* ends: the next byte is there, and ends a value. */
static uint8_t rank_of(const struct json *json, bool ends)
{
	if (json->place == KEY && json->depth == 1)
		return CLEAN;
	if (json->place == STRING && json->key)
		return COMPLETED;
	if (ends && is_whole_number(json->place))
		return CLEAN;
	return closing[json->place].rank;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct walk {
	enum json_fate fate;
	uint8_t rank; /* of the cut */
	size_t length;
	struct json json;
};

/* json_run, a byte at a time; so many bytes less may stay open than there is room for. */
static struct walk walk_from(struct json json, uint64_t room, uint64_t less, const uint8_t *bytes,
			     size_t n)
{
	struct walk walk = {.fate = JSON_NO_RECORD, .json.place = NO_RECORD};

	for (size_t k = 0;; k++) {
		uint8_t rank = rank_of(&json, k < n && ends_value(bytes[k]));

		if (k == n && k + larger(room_for_closing(&json), less) <= room)
			return (struct walk){JSON_PASSES, rank, n, json};
		if (rank && rank >= walk.rank && k + length_of_closing(&json) <= room)
			walk = (struct walk){JSON_CUT, rank, k, json};
		if (k == n || k == room)
			return walk;
		step(&json, bytes[k]);
		if (json.place == NO_RECORD)
			return (struct walk){.fate = JSON_NO_RECORD, .json = json};
	}
}

struct json_run json_run(struct json *json, uint64_t max, uint64_t open, uint64_t column,
			 const char *bytes, size_t n)
{
	uint64_t room = column < max ? max - column : 0;
	uint64_t easy = room > JSON_ROOM_MOST ? room - JSON_ROOM_MOST : 0;
	size_t sure = n < easy ? n : (size_t)easy;
	const uint8_t *from = (const uint8_t *)bytes;
	struct json begun = *json;

	if (!json_scan(json, bytes, sure))
		return (struct json_run){JSON_NO_RECORD, 0};
	if (sure == n)
		return (struct json_run){JSON_PASSES, n};
	/* Within JSON_ROOM_MOST of the end there is a place to cut, and mostly a clean one. */
	struct walk walk = walk_from(*json, room - sure, max - open, from + sure, n - sure);

	walk.length += sure;
	if (walk.fate == JSON_CUT && walk.rank < CLEAN && sure)
		walk = walk_from(begun, room, max - open, from,
				 n); /* a long key, number or run of blanks */
	*json = walk.json;
	return (struct json_run){walk.fate, walk.fate == JSON_NO_RECORD ? 0 : walk.length};
}

static char *put(char *at, const char *text, size_t n)
{
	memcpy(at, text, n);
	return at + n;
}

size_t json_close(const struct json *json, char text[JSON_CLOSING_MOST])
{
	uint64_t arrays = json->arrays;
	char *at = text;

	if (!is_sane(json) || json->place <= DONE)
		return 0;
	size_t length = completion(json), of_key = is_in_key(json) ? LENGTH(key_completed) : 0;

	at = put(at, closing[json->place].text, length - of_key);
	at = put(at, key_completed, of_key);
	for (unsigned open = json->depth; open > 1; open--, arrays >>= 1)
		*at++ = arrays & 1 ? ']' : '}';
	at = put(at, last_member + is_last_next(json), LENGTH(last_member) - is_last_next(json));
	return (size_t)(at - text);
}

size_t json_dropped(char line[JSON_DROPPED_MOST], uint64_t bytes)
{
	static const char before[] = "{\"linecap\":{\"dropped_bytes\":", after[] = "}}\n";
	char *at = decimal_put(put(line, before, LENGTH(before)), bytes);

	static_assert(LENGTH(before) + DECIMAL_MOST + LENGTH(after) == JSON_DROPPED_MOST,
		      "the longest such line");
	return (size_t)(put(at, after, LENGTH(after)) - line);
}

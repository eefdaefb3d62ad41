/* Records for tests: each is valid JSON, and each is there for what is hard about cutting it. */
#ifndef LINECAP_TESTS_JSON_RECORDS_H
#define LINECAP_TESTS_JSON_RECORDS_H

#include <stddef.h>
#include <string.h>

#define RECORD_X10 "xxxxxxxxxx"
#define RECORD_X100                                                                                \
	RECORD_X10 RECORD_X10 RECORD_X10 RECORD_X10 RECORD_X10 RECORD_X10 RECORD_X10 RECORD_X10    \
		RECORD_X10 RECORD_X10

static const char *const json_records[] = {
	/* as programs log them */
	"{\"ts\":\"2024-03-07T11:22:33.456Z\",\"level\":\"error\",\"msg\":\"order "
	"failed\",\"trace_id\":"
	"\"4bf92f3577b34da6a3ce929d0e0e4736\",\"took_ms\":12.75,\"retry\":false,\"user\":null}",
	"{\"level\":\"ERROR\",\"stack\":\"Exception in thread \\\"main\\\" java.lang.Error: "
	"no\\n\\tat "
	"a.B.c(B.java:1)\\n\\tat d.E.f(E.java:2)\\n\\tat g.H.i(H.java:3)\\r\\n\",\"pid\":4711}",
	"{\"log\":\"{\\\"level\\\":\\\"info\\\",\\\"path\\\":\\\"C:\\\\\\\\logs\\\\\\\\a\\\","
	"\\\"n\\\":[1,"
	"2,3],\\\"s\\\":\\\"\\\\u00e9\\\"}\\n\",\"stream\":\"stdout\",\"time\":\"2024-03-07\"}",
	"{\"severity\":\"INFO\",\"httpRequest\":{\"status\":200,\"latency\":\"0.017s\",\"headers\":"
	"[{"
	"\"name\":\"accept\",\"value\":\"*/"
	"*\"},{\"name\":\"host\",\"value\":\"a.example\"}]},\"labels\":{}}",
	/* strings: escapes, pairs and sequences of every length, one behind the other */
	"{\"escapes\":\"\\\"\\\\\\/"
	"\\b\\f\\n\\r\\t\\\\\\\\\\\\\\\"\\\"\\\"\\\\\\\"\\u0000\\u001f\\u00e9\\u20ac"
	"\\uFFFF\\uabcd\\uABCD\\ud7ff\\ue000\\uDFFF" RECORD_X10 "\"}",
	"{\"pairs\":"
	"\"\\ud83d\\ude00\\uD83D\\uDE00\\ud800\\udc00\\udbff\\udfff\\ud"
	"83d\\ude00\\ud83d\\ude00"
	"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"
	"\\ud9ab\\udcba\\uDABC\\uDDEF\"}",
	"{\"utf-8\":"
	"\"\xc2\x80\xc3\xa9\xdf\xbf\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
	"\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf3\xbf\xbf\xbf\xf4\x8f\xbf\xbf\x7f" RECORD_X10 "\"}",
	"{\"mixed\":"
	"\"a\xc3\xa9\\n\xe2\x82\xac\\u00e9\xf0\x9f\x98\x80\\ud83d\\ude00z\\\\\xf0\x9f\x98\x80\\\""
	"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}",
	"{\"k\\u0065y \\ud83d\\ude00 \xf0\x9f\x98\x80 "
	"\\\\\\\"\":{\"\xe2\x82\xac\xe2\x82\xac\":\"\",\"\":[\"\","
	"\"\"],\"\\n\":\"" RECORD_X10 "\"},\"\xc3\xa9\":\"\xc3\xa9\"}",
	/* halves of pairs that are alone, followed by what ends a number */
	"{\"\\ud83d\\ude00\\ud83d\\uda00 "
	"\\uDA00\\ud800,\":\"\\ud83d\\uda00]\\uda00\\uda00}\",\"\\uda00\\uda00\":"
	"[\"\\ude00\\ude00 \",0],\"" RECORD_X10 "\\uda00\\uda00 \":0}",
	/* names that are long, empty, ours, or there twice */
	"{\"a\":1,\"" RECORD_X100 RECORD_X100 "\":2,\"" RECORD_X100 "\":{\"" RECORD_X100 "\":3}}",
	"{\"\":\"\",\"\":\"\",\"\":{\"\":{\"\":{}}},\"\":[[],[],{},{}],\"a\":\"" RECORD_X10
	"\",\"\":\"\"}",
	"{\"linecap_truncated\":false,\"a\":\"" RECORD_X10 RECORD_X10 RECORD_X10
	"\",\"linecap_truncated\":\"no\",\"z\":1}",
	/* numbers of all forms; and some that are longer than a double */
	"{\"n\":[0,-0,1,-1,10,1234567890,0.0,-0.5,1.25,1e5,1E5,1e+5,1E-5,-12.75e-10,0e0,0.1E1,"
	"-2.2250738585072014e-308,18446744073709551615,3.141592653589793]}",
	"{\"first\":1,\"n\":123456789012345678901234567890,\"m\":-0."
	"00000000000000000000000000000000001e-"
	"0000000000000000000000000000001,\"o\":1e00000000000000000000000000000005,\"last\":1}",
	"{\"a\":1,\"b\":2,\"c\":3,\"d\":{\"e\":-4,\"f\":5.5,\"g\":[6e6,7,8,9]},\"h\":10,\"i\":11,"
	"\"j\":12,"
	"\"k\":13,\"l\":14,\"m\":15,\"n\":16}",
	/* literals, empties, brackets close by */
	"{\"t\":true,\"f\":false,\"n\":null,\"l\":[true,false,null,[true,[false,[null]]]],\"o\":{"
	"\"t\":"
	"true,\"f\":false,\"n\":null},\"e\":[[],{},[[]],[{}],{\"e\":{}}]}",
	"{\"a\":[[[[[[[[[[1],2],3],4],5],6],7],8],9],{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":[{},{},{},{"
	"\"g\":[]}]"
	"}}}}}]}",
	"{\"a\":{},\"b\":{},\"c\":[],\"d\":[],\"e\":{\"f\":{},\"g\":{}},\"h\":[{},{},{},{},{},{},{}"
	",{},{}]}",
	/* blanks wherever they may stand */
	" \t\r{ \"a\" : 1 , \"b\"\t:\t[ ] , \"c\" : { } ,\r\"d\" : [ 1 , \"x\" , true , null ] , "
	"\"e\" : { "
	"\"f\" : -1.5e+3 , \"g\" : \"y\" } , \"h\" : 0 } \t\r",
	"{          \"a\"          :          1          ,          \"b\"          :          [    "
	"      2"
	"          ,          3          ]          }                                              "
	"    ",
};

enum {
	JSON_RECORDS = sizeof json_records / sizeof *json_records,
	JSON_DEEP_MOST = 1024,
};

/* A record of `depth` brackets around a value, all of them objects, all but one arrays, or in turn;
 * the value takes much room to close.
 */
static inline size_t json_deep_record(char record[JSON_DEEP_MOST], int depth, int kind)
{
	char closing[128], *close = closing + sizeof closing, *at = record;

	for (int i = 0; i < depth; i++) {
		int array = i && (kind == 1 || (kind == 2 && i % 2));

		at = stpcpy(at, array ? "[" : "{\"a\":");
		*--close = array ? ']' : '}';
	}
	at = stpcpy(at, kind ? "\"\\ud83d\\ude00\"" : "123456789012345678901234");
	at = mempcpy(at, close, (size_t)depth);
	*at = '\0';
	return (size_t)(at - record);
}

#endif

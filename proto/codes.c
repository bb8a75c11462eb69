/* codes - names and words of every reason, from codes.def. */
#include "proto/mapping.h"

const char *gateway_code_name(unsigned code)
{
	switch (code) {
#define X(name, number, words) \
	case number:           \
		return #name;
#include "proto/codes.def"
#undef X
	}
	return "UNKNOWN";
}

const char *gateway_code_words(unsigned code)
{
	switch (code) {
#define X(name, number, words) \
	case number:           \
		return words;
#include "proto/codes.def"
#undef X
	}
	return "a reason that this version does not know";
}

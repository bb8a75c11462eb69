#include "proto/check.h"

#include <stdio.h>
#include <string.h>

void check_init(struct check *self, struct envelope_error *error)
{
	self->error = error;
	self->n = 0;
	self->path[0] = '\0';
	self->accepted_before = false;
	error->verdict = ENVELOPE_OK;
	error->detail[0] = '\0';
}

static void grow(struct check *self, int n)
{
	if (n > 0)
		self->n += (size_t)n;
	if (self->n > sizeof self->path - 1)
		self->n = sizeof self->path - 1;
}

size_t check_enter(struct check *self, const char *name)
{
	size_t mark = self->n;

	if (name)
		grow(self, snprintf(self->path + mark, sizeof self->path - mark, "%s%s", mark ? "." : "", name));
	return mark;
}

size_t check_enter_at(struct check *self, const char *name, size_t index)
{
	size_t mark = self->n;

	grow(self, snprintf(self->path + mark, sizeof self->path - mark, "%s%s[%zu]", mark ? "." : "", name, index));
	return mark;
}

void check_leave(struct check *self, size_t mark)
{
	self->n = mark;
	self->path[mark] = '\0';
}

bool check_fail(struct check *self, enum envelope_verdict verdict, const char *name, const char *text)
{
	size_t mark = check_enter(self, name);
	int n =
	    snprintf(self->error->detail, sizeof self->error->detail, "%s%s%s", self->path, self->n ? ": " : "", text);

	(void)n; /* a longer one is cut off */
	self->error->verdict = verdict;
	check_leave(self, mark);
	return false;
}

/* Return: bytes of the sequence, 0 if it is not well-formed; source: RFC 3629, section 4 */
static size_t utf8_one(const uint8_t *p, size_t n, uint32_t *rune)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need = p[0] < 0x80             ? 1
		      : (p[0] & 0xe0) == 0xc0 ? 2
		      : (p[0] & 0xf0) == 0xe0 ? 3
		      : (p[0] & 0xf8) == 0xf0 ? 4
					      : 0;

	if (need == 0 || need > n)
		return 0;
	*rune = need == 1 ? p[0] : p[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*rune = *rune << 6 | (p[i] & 0x3fu);
	}
	if (*rune < least[need] || *rune > 0x10ffff || (*rune >= 0xd800 && *rune <= 0xdfff))
		return 0;
	return need;
}

bool text_is_clean(const uint8_t *bytes, size_t n)
{
	uint32_t rune = 0;

	for (size_t i = 0, step; i < n; i += step) {
		step = utf8_one(bytes + i, n - i, &rune);
		if (step == 0 || rune < 0x20 || (rune >= 0x7f && rune <= 0x9f))
			return false;
	}
	return true;
}

bool text_is_id(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > 64 || text[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
		      c == '_' || c == '-'))
			return false;
	}
	return true;
}

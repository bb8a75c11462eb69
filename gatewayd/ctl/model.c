#include "gatewayd/ctl/model.h"

#include <stdio.h>
#include <string.h>

void model_clear(struct model *self)
{
	memset(self, 0, sizeof(*self));
	self->manager.speed_kmh = -1;
}

struct model_campaign *model_campaign(struct model *self, const char *id)
{
	for (size_t i = 0; i < self->n_campaigns; i++)
		if (strcmp(self->campaigns[i].id, id) == 0)
			return &self->campaigns[i];
	return NULL;
}

struct model_campaign *model_campaign_add(struct model *self, const char *id)
{
	struct model_campaign *c = model_campaign(self, id);

	if (c)
		return c;
	if (self->n_campaigns == MODEL_MAX_CAMPAIGNS) {
		self->n_left_out++;
		return NULL;
	}
	c = &self->campaigns[self->n_campaigns++];
	memset(c, 0, sizeof(*c));
	model_text(c->id, sizeof(c->id), id);
	return c;
}

void model_campaign_remove(struct model *self, const char *id)
{
	struct model_campaign *c = model_campaign(self, id);

	if (!c)
		return;
	self->n_campaigns--;
	memmove(c, c + 1, sizeof(*c) * (size_t)(&self->campaigns[self->n_campaigns] - c));
}

static struct model_ecu *find_ecu(struct model *self, const char *name)
{
	for (size_t i = 0; i < self->n_ecus; i++)
		if (strcmp(self->ecus[i].name, name) == 0)
			return &self->ecus[i];
	return NULL;
}

struct model_ecu *model_ecu_add(struct model *self, const char *name)
{
	struct model_ecu *ecu = find_ecu(self, name);

	if (ecu)
		return ecu;
	if (self->n_ecus == MODEL_MAX_ECUS) {
		self->n_left_out++;
		return NULL;
	}
	ecu = &self->ecus[self->n_ecus++];
	memset(ecu, 0, sizeof(*ecu));
	model_text(ecu->name, sizeof(ecu->name), name);
	return ecu;
}

void model_ecu_remove(struct model *self, const char *name)
{
	struct model_ecu *ecu = find_ecu(self, name);

	if (!ecu)
		return;
	self->n_ecus--;
	memmove(ecu, ecu + 1, sizeof(*ecu) * (size_t)(&self->ecus[self->n_ecus] - ecu));
}

void model_text(char *out, size_t n, const char *text)
{
	size_t used = 0;

	while (*text && used + 1 < n) {
		unsigned char byte = (unsigned char)text[0], next = (unsigned char)text[1];

		if (byte < 0x20 || byte == 0x7f) {
			out[used++] = '?';
			text++;
		} else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) { /* C1 in UTF-8: some terminals obey them */
			out[used++] = '?';
			text += 2;
		} else {
			out[used++] = *text++;
		}
	}
	/* what was cut off inside a character is not left behind */
	if (*text)
		while (used > 0 && ((unsigned char)*text & 0xc0) == 0x80) {
			text--;
			used--;
		}
	out[used] = '\0';
}

static char plain(char c)
{
	return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool ends(char c)
{
	return c == '\0' || c == '.' || c == '@';
}

int model_language(const char *wanted, const char *language)
{
	size_t i = 0;

	while (wanted && !ends(wanted[i]) && plain(wanted[i]) == plain(language[i]))
		i++;
	if (wanted && i > 0 && ends(wanted[i]) && language[i] == '\0')
		return 3;
	/* what is equal is a whole first part, and neither has begun another one there */
	if (wanted) {
		size_t a = strcspn(wanted, "_-.@"), b = strcspn(language, "_-");

		if (a > 0 && a == b && i >= a)
			return 2;
	}
	return plain(language[0]) == 'e' && plain(language[1]) == 'n' && (language[2] == '\0' || language[2] == '-');
}

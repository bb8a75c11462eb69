#include "ecu-flash/cli/sequence.h"

#include <inttypes.h>
#include <stdio.h>

#include "ecu-flash/cli/words.h"

#define SAMPLE_BYTES (100u * 1024u)

static bool of_unit(enum flash_step_kind kind)
{
	return kind == FLASH_STEP_ERASE || kind == FLASH_STEP_TRANSFER || kind == FLASH_STEP_CHECK_MEMORY;
}

static uint64_t step_ms(const struct sequence *self, const struct flash_step *step)
{
	return (estimate_step_us(self->profile, step, self->units, self->n_units, &self->link) + 999) / 1000;
}

/* ---- text ---- */

static void bus_text(const struct sequence *self, const struct bus_step *steps, uint8_t n, const char *when)
{
	char words[WORDS_BYTES], time[WORDS_BYTES];

	printf("\nOnce for the bus, %s:%s\n", when, n ? "" : " nothing.");
	for (uint8_t i = 0; i < n; i++) {
		words_bus_step(self->profile, &steps[i], words);
		words_time((estimate_bus_step_us(self->profile) + 999) / 1000, time);
		printf("  %10s      %s\n", time, words);
	}
}

static void step_text(const struct sequence *self, const struct flash_step *step, unsigned number)
{
	char words[WORDS_BYTES], time[WORDS_BYTES] = "by size";

	if (self->n_units || !of_unit(step->kind))
		words_time(step_ms(self, step), time);
	words_step(self->profile, step, words);
	printf("  %10s  %2u. %s", time, number, words);
	if (step->retries)
		printf("; tried again up to %u time%s", step->retries, step->retries == 1 ? "" : "s");
	putchar('\n');
}

static void steps_text(const struct sequence *self)
{
	const struct profile *p = self->profile;
	bool passed = false;

	puts("\nThe ECU:");
	for (uint8_t i = 0; i < p->n_steps; i++) {
		if (!passed && profile_step_irreversible(p, &p->steps[i])) {
			passed = true;
			printf("  ---- point of no return: from here on without a valid application until it is "
			       "verified%s\n",
			       p->banks == PROFILE_DUAL_BANK ? ", or switched back" : "");
		}
		step_text(self, &p->steps[i], i + 1u);
	}
}

static void way_back_text(const struct sequence *self)
{
	const struct profile *p = self->profile;

	if (!p->n_back)
		return;
	puts("\nThe way back, if something fails after the switch-over:");
	for (uint8_t i = 0; i < p->n_back; i++)
		step_text(self, &p->back[i], i + 1u);
	puts("  It is restored if the version is the one of before.");
}

static void totals_text(const struct sequence *self)
{
	struct estimate e = estimate_flash(self->profile, self->units, self->n_units, &self->link);
	char total[WORDS_BYTES], erase[WORDS_BYTES], transfer[WORDS_BYTES], bytes[WORDS_BYTES];
	uint64_t n = 0;

	for (uint8_t i = 0; i < self->n_units; i++)
		n += self->units[i].image->n_bytes;
	words_count(n, bytes);
	words_time(e.total_ms, total);
	words_time(e.erase_ms, erase);
	words_time(e.transfer_ms, transfer);
	printf("\nEstimate for %s bytes at %" PRIu32 " kbit/s: %s, of which %s erasing and %s TransferData.\n", bytes,
	       self->link.nominal_bps / 1000, total, erase, transfer);
}

/* what an image would take, told by one of 100 KiB */
static void sample_text(const struct sequence *self)
{
	/* the estimate looks at lengths alone */
	const struct image image = {
	    .n_segments = 1, .n_bytes = SAMPLE_BYTES, .segments = {{.address = 0, .n_bytes = SAMPLE_BYTES}}};
	const struct flash_unit unit = {.image = &image};
	uint64_t without_ms = estimate_flash(self->profile, NULL, 0, &self->link).total_ms;
	uint64_t with_ms = estimate_flash(self->profile, &unit, 1, &self->link).total_ms;
	char without[WORDS_BYTES], each[WORDS_BYTES];

	words_time(without_ms, without);
	words_time(with_ms - without_ms, each);
	printf("\nEstimate at %" PRIu32 " kbit/s: %s, and %s for each 100 KiB of the image.\n",
	       self->link.nominal_bps / 1000, without, each);
}

void sequence_text(const struct sequence *self)
{
	const struct profile *p = self->profile;

	bus_text(self, p->bus_before, p->n_bus_before, "before its first ECU");
	steps_text(self);
	way_back_text(self);
	bus_text(self, p->bus_after, p->n_bus_after, "after its last ECU, on every way out");
	if (self->n_units)
		totals_text(self);
	else
		sample_text(self);
}

/* ---- JSON ---- */

static void bus_json(const struct sequence *self, struct json *json, const char *key, const struct bus_step *steps,
		     uint8_t n)
{
	char words[WORDS_BYTES];

	json_key(json, key);
	json_array(json);
	for (uint8_t i = 0; i < n; i++) {
		json_object(json);
		json_key(json, "step");
		json_string(json, bus_step_text(steps[i].kind));
		words_bus_step(self->profile, &steps[i], words);
		json_key(json, "text");
		json_string(json, words);
		json_object_end(json);
	}
	json_array_end(json);
}

static void steps_json(const struct sequence *self, struct json *json, const char *key, const struct flash_step *steps,
		       uint8_t n)
{
	char words[WORDS_BYTES];

	json_key(json, key);
	json_array(json);
	for (uint8_t i = 0; i < n; i++) {
		json_object(json);
		json_key(json, "step");
		json_string(json, flash_step_text(steps[i].kind));
		words_step(self->profile, &steps[i], words);
		json_key(json, "text");
		json_string(json, words);
		json_key(json, "retries");
		json_uint(json, steps[i].retries);
		json_key(json, "point_of_no_return");
		json_bool(json, profile_step_irreversible(self->profile, &steps[i]));
		if (self->n_units || !of_unit(steps[i].kind)) {
			json_key(json, "estimate_ms");
			json_uint(json, step_ms(self, &steps[i]));
		}
		json_object_end(json);
	}
	json_array_end(json);
}

void sequence_json(const struct sequence *self, struct json *json)
{
	const struct profile *p = self->profile;
	struct estimate e;

	bus_json(self, json, "bus_before", p->bus_before, p->n_bus_before);
	steps_json(self, json, "steps", p->steps, p->n_steps);
	steps_json(self, json, "way_back", p->back, p->n_back);
	bus_json(self, json, "bus_after", p->bus_after, p->n_bus_after);
	if (!self->n_units)
		return;
	e = estimate_flash(p, self->units, self->n_units, &self->link);
	json_key(json, "estimate");
	json_object(json);
	json_key(json, "total_ms");
	json_uint(json, e.total_ms);
	json_key(json, "erase_ms");
	json_uint(json, e.erase_ms);
	json_key(json, "transfer_ms");
	json_uint(json, e.transfer_ms);
	json_object_end(json);
}

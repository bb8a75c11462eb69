/* 22: the identifiers of an ECU before and after, and the comparison of versions. */
#include "ecu-flash/flash_run_priv.h"

#include <stdio.h>
#include <string.h>

#define N_IDS       \
	((unsigned) \
	     PROFILE_DIDS) /* then phase N_IDS + u reads the version of unit u, where its DID is not one of these */

static struct flash_identity *target(struct flash_run *self)
{
	return self->stage == FLASH_STAGE_IDENTIFY ? &self->result.before : &self->result.after;
}

static char *field(struct flash_identity *id, unsigned i)
{
	char *fields[N_IDS] = {id->hardware_id, id->serial_number, id->boot_version, id->application_version,
			       id->data_version};

	return fields[i];
}

static uint16_t profile_did(const struct profile *p, unsigned i)
{
	uint16_t dids[N_IDS] = {p->did_hardware, p->did_serial, p->did_boot, p->did_application, p->did_data};

	return dids[i];
}

static uint16_t unit_did(const struct flash_run *self, unsigned unit)
{
	uint16_t did = self->job.units[unit].version_did;

	return did ? did : flash_profile(self)->did_application;
}

/* whether a unit's version is compared: of those that share a DID, the last one that expects something, else the last
 */
static bool counts(const struct flash_run *self, unsigned unit)
{
	bool expects = self->job.units[unit].expected_version[0] != 0;

	for (unsigned u = 0; u < self->job.n_units; u++) {
		bool other = self->job.units[u].expected_version[0] != 0;

		if (u == unit || unit_did(self, u) != unit_did(self, unit))
			continue;
		if ((other && !expects) || (other == expects && u > unit))
			return false;
	}
	return unit_did(self, unit) != 0;
}

static uint16_t did_of(const struct flash_run *self)
{
	if (self->phase < N_IDS)
		return profile_did(flash_profile(self), self->phase);
	return unit_did(self, self->phase - N_IDS);
}

/* whether the run cannot do without the DID at hand */
static bool needed(const struct flash_run *self)
{
	if (self->stage == FLASH_STAGE_IDENTIFY)
		return false;
	if (self->going_back)
		return did_of(self) == flash_profile(self)->did_application;
	for (unsigned u = 0; u < self->job.n_units; u++)
		if (counts(self, u) && unit_did(self, u) == did_of(self))
			return true;
	return false;
}

static void to_hex(const uint8_t *data, size_t n, char out[FLASH_VERSION_BYTES])
{
	out[0] = 0;
	if (n > (FLASH_VERSION_BYTES - 1) / 2)
		n = (FLASH_VERSION_BYTES - 1) / 2;
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", data[i]);
}

/* ASCII as it is, without a leading count byte and padding; anything else in hexadecimal */
static void to_ascii(const uint8_t *data, size_t n, char out[FLASH_VERSION_BYTES])
{
	size_t i;

	while (n && (data[n - 1] == 0 || data[n - 1] == ' ' || data[n - 1] == 0xff))
		n--;
	if (n > 1 && data[0] < 0x20) {
		for (i = 1; i < n && data[i] >= 0x20 && data[i] < 0x7f; i++)
			;
		if (i == n) {
			data++;
			n--;
		}
	}
	for (i = 0; i < n && data[i] >= 0x20 && data[i] < 0x7f; i++)
		;
	if (i < n) {
		to_hex(data, n, out);
		return;
	}
	if (n >= FLASH_VERSION_BYTES)
		n = FLASH_VERSION_BYTES - 1;
	memcpy(out, data, n);
	out[n] = 0;
}

static void to_number(const uint8_t *data, size_t n, char out[FLASH_VERSION_BYTES])
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | data[i]; /* the last 8 bytes */
	if (n)
		snprintf(out, FLASH_VERSION_BYTES, "%llu", (unsigned long long)value);
}

/* @i: which of the identifiers, or one of a unit's own */
static void to_text(const struct flash_run *self, unsigned i, const uint8_t *data, size_t n,
		    char out[FLASH_VERSION_BYTES])
{
	static const struct profile_decoding usual = {.coding = PROFILE_CODING_ASCII};
	const struct profile_decoding *d = i < N_IDS ? &flash_profile(self)->decoding[i] : &usual;

	out[0] = 0;
	if (d->offset >= n)
		return;
	data += d->offset;
	n -= d->offset;
	if (d->length && d->length < n)
		n = d->length;
	switch (d->coding) {
	case PROFILE_CODING_ASCII:
		to_ascii(data, n, out);
		break;
	case PROFILE_CODING_HEX:
	case PROFILE_CODING_BCD:
		to_hex(data, n, out);
		break;
	case PROFILE_CODING_UINT:
		to_number(data, n, out);
		break;
	}
}

static bool version_fits(struct flash_run *self, uint64_t now_us, unsigned unit, const char *version)
{
	const char *expected = self->job.units[unit].expected_version;
	char words[128];

	if (expected[0] ? !strcmp(expected, version) : version[0] != 0)
		return true;
	if (!expected[0])
		snprintf(words, sizeof(words), "no version can be read back");
	else
		snprintf(words, sizeof(words), "version read back is '%.40s', expected '%.40s'", version, expected);
	self->unit = (uint8_t)unit;
	flash_fail(self, now_us, FLASH_WRONG_VERSION, NULL, words);
	return false;
}

/* what the job says that an identifier has to tell; "" = anything */
static const char *expected(const struct flash_run *self, unsigned i)
{
	if (self->stage != FLASH_STAGE_IDENTIFY || self->job.kind != FLASH_JOB_FLASH)
		return "";
	if (i == PROFILE_DID_HARDWARE)
		return self->job.hardware_id;
	return i == PROFILE_DID_SERIAL ? self->job.serial_number : "";
}

/* whether the ECU is the one that the job is for; the run has failed if not */
static bool is_meant(struct flash_run *self, uint64_t now_us)
{
	static const char *const names[] = {"hardware id", "serial number"};

	for (unsigned i = PROFILE_DID_HARDWARE; i <= PROFILE_DID_SERIAL; i++) {
		const char *told = field(target(self), i);
		const char *wanted = expected(self, i);
		char words[128];

		if (!wanted[0] || !strcmp(told, wanted))
			continue;
		if (!told[0] && self->job.recovery)
			continue; /* an erased ECU is not left behind for what its boot loader does not tell */
		if (told[0])
			snprintf(words, sizeof(words), "its %s is '%.36s', expected '%.36s'", names[i], told, wanted);
		else
			snprintf(words, sizeof(words), "it does not tell its %s, expected '%.36s'", names[i], wanted);
		flash_fail(self, now_us, i == PROFILE_DID_HARDWARE ? FLASH_WRONG_HARDWARE : FLASH_WRONG_SERIAL, NULL,
			   words);
		return false;
	}
	return true;
}

/* whether the versions are those of the new application: where it may still be the former one that tells them */
static bool shows_new(struct flash_run *self)
{
	if (self->going_back || (!self->switches && !self->reset_unknown))
		return true;
	for (unsigned u = 0; u < self->job.n_units && !self->reset_unknown; u++)
		if (self->job.units[u].expected_version[0])
			return true; /* compared already */
	for (unsigned i = PROFILE_DID_BOOT; i < N_IDS; i++) {
		const char *after = field(&self->result.after, i);

		if (after[0] && strcmp(after, field(&self->result.before, i)) != 0)
			return true;
	}
	return false;
}

static void finish(struct flash_run *self, uint64_t now_us)
{
	if (self->stage == FLASH_STAGE_STEPS) {
		if (shows_new(self))
			flash_steps_done(self, now_us);
		else
			flash_fail(self, now_us, FLASH_WRONG_VERSION, NULL,
				   "the version is the one before: whether the new application runs is not known");
		return;
	}
	if (self->stage == FLASH_STAGE_PROBE) {
		flash_back_probed(self, now_us);
		return;
	}
	if (!self->answered && !self->job.recovery) {
		struct uds_event ev = {.kind = UDS_EVENT_TIMEOUT, .sid = UDS_READ_DATA_BY_IDENTIFIER};

		flash_fail(self, now_us, FLASH_NO_ANSWER, &ev, NULL);
		return;
	}
	if (self->job.kind == FLASH_JOB_FLASH) {
		if (!is_meant(self, now_us))
			return;
		self->step_index = 0;
		flash_steps_begin(self, now_us);
		return;
	}
	if (self->job.kind == FLASH_JOB_IDENTIFY)
		self->result.after = self->result.before;
	else
		self->result.verified = self->job.n_units > 0;
	flash_succeed(self, now_us);
}

/* Return: true if the version of unit @u is among the identifiers, and where */
static bool among_ids(struct flash_run *self, unsigned u, const char **version)
{
	for (unsigned i = 0; i < N_IDS; i++) {
		if (profile_did(flash_profile(self), i) != unit_did(self, u))
			continue;
		*version = field(target(self), i);
		return true;
	}
	return false;
}

void flash_identity_begin(struct flash_run *self, uint64_t now_us)
{
	memset(target(self), 0, sizeof(struct flash_identity));
	self->phase = 0;
	self->request_tries = 0;
	flash_identity_send(self, now_us);
}

void flash_identity_send(struct flash_run *self, uint64_t now_us)
{
	bool units = self->stage != FLASH_STAGE_IDENTIFY && !self->going_back;
	unsigned end = N_IDS + (units ? self->job.n_units : 0u);

	for (; self->phase < end; self->phase++) {
		uint16_t did = did_of(self);
		const char *version;

		if (self->phase >= N_IDS) {
			unsigned u = self->phase - N_IDS;

			if (!counts(self, u))
				continue;
			if (among_ids(self, u, &version)) {
				if (!version_fits(self, now_us, u, version))
					return;
				continue;
			}
		}
		if (!did)
			continue;
		flash_request(self, now_us, (uint8_t[]){UDS_READ_DATA_BY_IDENTIFIER, (uint8_t)(did >> 8), (uint8_t)did},
			      3, NULL, 0);
		return;
	}
	finish(self, now_us);
}

void flash_identity_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	bool lost = ev->kind != UDS_EVENT_POSITIVE && ev->kind != UDS_EVENT_NEGATIVE;

	if (lost && flash_repeat(self, now_us, ev))
		return;
	if (lost && (self->job.kind == FLASH_JOB_IDENTIFY || (expected(self, self->phase)[0] && !self->job.recovery))) {
		/* half an identity would be taken for that of another ECU */
		flash_step_failed(self, now_us, FLASH_NO_ANSWER, ev);
		return;
	}
	if (lost && self->stage == FLASH_STAGE_PROBE) {
		flash_back_probed(self, now_us);
		return;
	}
	self->answered = self->answered || !lost;
	if (ev->kind != UDS_EVENT_POSITIVE && self->stage != FLASH_STAGE_PROBE && needed(self)) {
		flash_step_failed(self, now_us, FLASH_NEGATIVE_RESPONSE, ev);
		return;
	}
	if (ev->kind == UDS_EVENT_POSITIVE && ev->n_pdu >= 3) {
		char text[FLASH_VERSION_BYTES] = "";

		to_text(self, self->phase, ev->pdu + 3, ev->n_pdu - 3, text);
		if (self->phase < N_IDS)
			memcpy(field(target(self), self->phase), text, sizeof(text));
		else if (!version_fits(self, now_us, self->phase - N_IDS, text))
			return;
	}
	if (self->stage == FLASH_STAGE_STEPS)
		flash_overcome(self);
	self->phase++;
	self->request_tries = 0;
	flash_identity_send(self, now_us);
}

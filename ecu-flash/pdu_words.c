#include "ecu-flash/pdu_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "uds/uds_dtc.h"
#include "uds/uds_text.h"

struct words {
	char *out;
	size_t n;
};

static void add(struct words *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* the request that an answer is to */
struct asked {
	const uint8_t *pdu; /* NULL = not known */
	size_t n;
};

/* what does not fit is cut off */
static void add(struct words *self, const char *format, ...)
{
	size_t room = PDU_WORDS_BYTES - self->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(self->out + self->n, room, format, args);
	va_end(args);
	if (n > 0)
		self->n += (size_t)n < room ? (size_t)n : room - 1;
}

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* ---- names ---- */

const char *pdu_did_text(const struct profile *profile, uint16_t did)
{
	static const struct {
		uint16_t did;
		const char *text;
	} standard[] = {
	    {0xf180, "boot software"},
	    {0xf181, "application software"},
	    {0xf182, "application data"},
	    {0xf183, "boot software fingerprint"},
	    {0xf184, "application fingerprint"},
	    {0xf185, "application data fingerprint"},
	    {0xf186, "active session"},
	    {0xf187, "spare part number"},
	    {0xf188, "ECU software number"},
	    {0xf189, "ECU software version"},
	    {0xf18a, "supplier"},
	    {0xf18b, "manufacturing date"},
	    {0xf18c, "serial number"},
	    {0xf18e, "kit assembly part number"},
	    {0xf190, "vehicle identification"},
	    {0xf191, "ECU hardware number"},
	    {0xf192, "supplier's hardware number"},
	    {0xf193, "supplier's hardware version"},
	    {0xf194, "supplier's software number"},
	    {0xf195, "supplier's software version"},
	    {0xf197, "system name"},
	    {0xf198, "tester serial number"},
	    {0xf199, "programming date"},
	    {0xf19d, "installation date"},
	    {0xf19e, "ODX file"},
	};

	if (profile && did) {
		const struct {
			uint16_t did;
			const char *text;
		} own[] = {
		    {profile->did_hardware, "hardware"}, {profile->did_serial, "serial number"},
		    {profile->did_boot, "boot version"}, {profile->did_application, "application version"},
		    {profile->did_data, "data version"}, {profile->did_fingerprint, "fingerprint"},
		};

		for (size_t i = 0; i < sizeof own / sizeof *own; i++)
			if (own[i].did == did)
				return own[i].text;
	}
	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
		if (standard[i].did == did)
			return standard[i].text;
	return "";
}

static const char *routine_text(const struct profile *p, unsigned id)
{
	if (id == (p && p->routine_erase ? p->routine_erase : 0xff00u))
		return " (erase)";
	if (id == (p && p->routine_dependencies ? p->routine_dependencies : 0xff01u))
		return " (dependencies)";
	if (id == (p && p->routine_check ? p->routine_check : 0x0202u))
		return " (check of memory)";
	if (id == (p && p->routine_preconditions ? p->routine_preconditions : 0x0203u))
		return " (preconditions)";
	return "";
}

static void add_did(struct words *self, const struct profile *profile, const uint8_t *at)
{
	const char *text = pdu_did_text(profile, (uint16_t)be16(at));

	add(self, " %04X", be16(at));
	if (text[0])
		add(self, " (%s)", text);
}

static void add_bytes(struct words *self, const char *before, size_t n)
{
	add(self, "%s%zu byte%s", before, n, n == 1 ? "" : "s");
}

void pdu_record_text(const uint8_t *record, size_t n, char *out, size_t cap)
{
	bool printable = n > 0;
	size_t length = n, at = 0;

	while (length > 0 && (record[length - 1] == 0 || record[length - 1] == 0xff || record[length - 1] == ' '))
		length--; /* what a text is padded with */
	for (size_t i = 0; i < length; i++)
		printable = printable && record[i] >= 0x20 && record[i] < 0x7f;
	if (printable && length > 0) {
		int most = cap > 6 ? (int)(cap - 6) : 0;

		snprintf(out, cap, (int)length > most ? "'%.*s...'" : "'%.*s'", (int)length > most ? most : (int)length,
			 (const char *)record);
		return;
	}
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (cap - at < 8) {
			snprintf(out + at, cap - at, "...");
			return;
		}
		at += (size_t)snprintf(out + at, cap - at, i + 1 < n ? "%02X " : "%02X", record[i]);
	}
}

/* ---- what both have: service, sub-function, routine ---- */

static void add_head(struct words *self, const struct profile *profile, uint8_t sid, const uint8_t *pdu, size_t n)
{
	const char *sub;

	if (sid == UDS_SECURITY_ACCESS && n >= 2) {
		uint8_t level = pdu[1] & 0x7fu;

		add(self, "%s %s", uds_service_text(sid), level % 2 ? "requestSeed" : "sendKey");
		add(self, " level %02X", level % 2 ? level : (unsigned)level - 1);
		return;
	}
	add(self, "%s", uds_service_text(sid));
	if (n < 2 || !uds_sid_has_sub_function(sid))
		return;
	sub = uds_sub_function_text(sid, pdu[1] & 0x7fu);
	if (sub[0])
		add(self, " %s", sub);
	else
		add(self, " %02X", pdu[1] & 0x7fu);
	if (sid == UDS_ROUTINE_CONTROL && n >= 4)
		add(self, " %04X%s", be16(pdu + 2), routine_text(profile, be16(pdu + 2)));
}

/* 34 and 35: 'at 0x08000000, 4096 bytes' */
static void add_range(struct words *self, const uint8_t *pdu, size_t n)
{
	size_t n_address, n_length;
	unsigned long long address = 0, length = 0;

	if (n < 3)
		return;
	n_address = pdu[2] & 15u;
	n_length = pdu[2] >> 4;
	if (n_address > 8 || n_length > 8 || n != 3 + n_address + n_length)
		return;
	for (size_t i = 0; i < n_address; i++)
		address = address << 8 | pdu[3 + i];
	for (size_t i = 0; i < n_length; i++)
		length = length << 8 | pdu[3 + n_address + i];
	add(self, " at 0x%0*llX, %llu bytes", (int)(2 * n_address), address, length);
	if (pdu[1])
		add(self, ", data format %02X", pdu[1]);
}

/* ---- requests ---- */

static void add_request(struct words *self, const struct profile *profile, const uint8_t *pdu, size_t n)
{
	switch (pdu[0]) {
	case UDS_READ_DATA_BY_IDENTIFIER:
		for (size_t i = 1; i + 1 < n; i += 2)
			add_did(self, profile, pdu + i);
		break;
	case UDS_WRITE_DATA_BY_IDENTIFIER:
		if (n >= 3)
			add_did(self, profile, pdu + 1);
		if (n > 3)
			add_bytes(self, ", ", n - 3);
		break;
	case UDS_ROUTINE_CONTROL:
		if (n > 4)
			add_bytes(self, ", ", n - 4);
		break;
	case UDS_REQUEST_DOWNLOAD:
	case UDS_REQUEST_UPLOAD:
		add_range(self, pdu, n);
		break;
	case UDS_TRANSFER_DATA:
		if (n >= 2)
			add(self, " block %02X", pdu[1]);
		if (n > 2)
			add_bytes(self, ", ", n - 2);
		break;
	case UDS_CLEAR_DIAGNOSTIC_INFORMATION:
		if (n == 4 && pdu[1] == 0xff && pdu[2] == 0xff && pdu[3] == 0xff)
			add(self, ", all trouble codes");
		break;
	case UDS_READ_DTC_INFORMATION:
		if (n == 3)
			add(self, ", status mask %02X", pdu[2]);
		break;
	default:
		break;
	}
}

void pdu_words_request(const struct profile *profile, const uint8_t *pdu, size_t n, char out[PDU_WORDS_BYTES])
{
	struct words words = {.out = out};

	out[0] = '\0';
	if (!n)
		return;
	add_head(&words, profile, pdu[0], pdu, n);
	add_request(&words, profile, pdu, n);
	if (n >= 2 && uds_sid_has_sub_function(pdu[0]) && (pdu[1] & UDS_SUPPRESS_POSITIVE_RESPONSE))
		add(&words, ", no positive answer wanted");
}

/* ---- answers ---- */

static void add_record(struct words *self, const uint8_t *record, size_t n)
{
	char text[80];

	pdu_record_text(record, n, text, sizeof text);
	add(self, "%s", text);
}

/* Return: whether @at is one of the identifiers that a 22 asked for */
static bool asks_for(const struct asked *asked, const uint8_t *at)
{
	for (size_t i = 1; i + 1 < asked->n; i += 2)
		if (memcmp(asked->pdu + i, at, 2) == 0)
			return true;
	return false;
}

/* Return: where the next identifier that was asked for is, from @at on; @n = none is */
static size_t next_did(const struct asked *asked, const uint8_t *pdu, size_t n, size_t at)
{
	while (at + 1 < n && !asks_for(asked, pdu + at))
		at++;
	return at + 1 < n ? at : n;
}

/* Nothing in the answer says how long the data of an identifier is. Return: whether it can be told all the same: no
 * identifier is there twice, the first is at the begin, and each has data */
static bool dids_are_told_apart(const struct asked *asked, const uint8_t *pdu, size_t n)
{
	size_t last = 1;

	if (n < 4 || !asks_for(asked, pdu + 1))
		return false;
	for (size_t at = next_did(asked, pdu, n, 2); at < n; at = next_did(asked, pdu, n, at + 1)) {
		if (at < last + 3 || at + 2 == n)
			return false;
		for (size_t before = 1; before < at; before = next_did(asked, pdu, n, before + 1))
			if (memcmp(pdu + before, pdu + at, 2) == 0)
				return false;
		last = at;
	}
	return true;
}

static void add_dids(struct words *self, const struct profile *profile, const struct asked *asked, const uint8_t *pdu,
		     size_t n)
{
	if (asked->n > 3 && asked->pdu[0] == UDS_READ_DATA_BY_IDENTIFIER) {
		if (!dids_are_told_apart(asked, pdu, n)) {
			add(self, n > 1 ? ": " : "");
			for (size_t i = 1; i < n; i++)
				add(self, i + 1 < n ? "%02X " : "%02X", pdu[i]);
			return;
		}
		for (size_t at = 1, next; at < n; at = next) {
			next = next_did(asked, pdu, n, at + 1);
			add_did(self, profile, pdu + at);
			add(self, ": ");
			add_record(self, pdu + at + 2, next - at - 2);
			add(self, next < n ? "," : "");
		}
		return;
	}
	if (n >= 3)
		add_did(self, profile, pdu + 1);
	if (n > 3) {
		add(self, ": ");
		add_record(self, pdu + 3, n - 3);
	}
}

static void add_seed(struct words *self, const uint8_t *pdu, size_t n)
{
	uint8_t any = 0;

	if (pdu[1] % 2 == 0) {
		add(self, ": unlocked");
		return;
	}
	for (size_t i = 2; i < n; i++)
		any |= pdu[i];
	if (n > 2 && !any)
		add(self, ": seed of zeros, unlocked already");
	else
		add_bytes(self, ": seed of ", n - 2);
}

static void add_dtcs(struct words *self, const uint8_t *pdu, size_t n)
{
	struct uds_dtc_report report;

	if (uds_dtc_report_parse(pdu, n, &report))
		add(self, ": %u trouble code%s", report.count, report.count == 1 ? "" : "s");
}

static void add_block_length(struct words *self, const uint8_t *pdu, size_t n)
{
	size_t n_length = pdu[1] >> 4;
	unsigned long long length = 0;

	if (n_length < 1 || n_length > 8 || n < 2 + n_length)
		return;
	for (size_t i = 0; i < n_length; i++)
		length = length << 8 | pdu[2 + i];
	add(self, ": blocks of up to %llu bytes, their head of two included", length);
}

static void add_answer(struct words *self, const struct profile *profile, const struct asked *asked, const uint8_t *pdu,
		       size_t n)
{
	const uint8_t sid = (uint8_t)(pdu[0] - UDS_POSITIVE_OFFSET);

	switch (sid) {
	case UDS_DIAGNOSTIC_SESSION_CONTROL:
		if (n >= 6)
			add(self, ": P2 %u ms, P2* %u ms", be16(pdu + 2), be16(pdu + 4) * 10);
		break;
	case UDS_READ_DATA_BY_IDENTIFIER:
		add_dids(self, profile, asked, pdu, n);
		break;
	case UDS_WRITE_DATA_BY_IDENTIFIER:
		if (n >= 3)
			add_did(self, profile, pdu + 1);
		break;
	case UDS_SECURITY_ACCESS:
		if (n >= 2)
			add_seed(self, pdu, n);
		break;
	case UDS_ROUTINE_CONTROL:
		if (n > 4) {
			add(self, ": status ");
			add_record(self, pdu + 4, n - 4);
		}
		break;
	case UDS_REQUEST_DOWNLOAD:
	case UDS_REQUEST_UPLOAD:
		if (n >= 2)
			add_block_length(self, pdu, n);
		break;
	case UDS_TRANSFER_DATA:
		if (n >= 2)
			add(self, " block %02X", pdu[1]);
		if (n > 2)
			add_bytes(self, ", ", n - 2);
		break;
	case UDS_READ_DTC_INFORMATION:
		add_dtcs(self, pdu, n);
		break;
	default:
		break;
	}
}

void pdu_words_answer(const struct profile *profile, const uint8_t *pdu, size_t n, char out[PDU_WORDS_BYTES])
{
	pdu_words_answer_to(profile, NULL, 0, pdu, n, out);
}

void pdu_words_answer_to(const struct profile *profile, const uint8_t *request, size_t n_request, const uint8_t *pdu,
			 size_t n, char out[PDU_WORDS_BYTES])
{
	const struct asked asked = {.pdu = request, .n = n_request};
	struct words words = {.out = out};

	out[0] = '\0';
	if (!n)
		return;
	if (pdu[0] == UDS_NEGATIVE_RESPONSE) {
		if (n < 3)
			add(&words, "cut-off negative answer");
		else if (pdu[2] == UDS_NRC_RESPONSE_PENDING)
			add(&words, "%s: %s (NRC 78)", uds_service_text(pdu[1]), uds_nrc_text(pdu[2]));
		else
			add(&words, "%s refused: %s (NRC %02X)", uds_service_text(pdu[1]), uds_nrc_text(pdu[2]),
			    pdu[2]);
		return;
	}
	if (pdu[0] < UDS_POSITIVE_OFFSET) {
		add(&words, "no answer but a request: %s", uds_service_text(pdu[0]));
		return;
	}
	add_head(&words, profile, (uint8_t)(pdu[0] - UDS_POSITIVE_OFFSET), pdu, n);
	add_answer(&words, profile, &asked, pdu, n);
}

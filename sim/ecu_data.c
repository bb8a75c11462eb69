/* Data identifiers of the virtual ECU: identification, version, fingerprint, and what the configuration adds. */
#include "sim/ecu_internal.h"

#include <string.h>

enum {
	DID_BOOT_VERSION = 0xf180,
	DID_APPLICATION_VERSION = 0xf181,
	DID_DATA_VERSION = 0xf182,
	DID_ACTIVE_SESSION = 0xf186,
	DID_SERIAL_NUMBER = 0xf18c,
	DID_HARDWARE_NUMBER = 0xf191,
	DID_FINGERPRINT = 0xf15a,
	DID_FINGERPRINT_READ = 0xf15b,
};

static bool is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

static void version_at(const struct ecu_core *self, char out[ECU_TEXT_BYTES])
{
	const struct ecu_version *version = &self->config->version;
	const struct ecu_region *region = ecu_memory_find(ecu_banks_running_regions(self), self->config->n_regions,
							  version->address, version->length);
	size_t n = 0;

	if (region) {
		const uint8_t *at = region->bytes + (version->address - region->address);

		while (n < version->length && n < ECU_TEXT_BYTES - 1 && is_printable(at[n])) {
			out[n] = (char)at[n];
			n++;
		}
	}
	out[n] = '\0';
	if (!n)
		memcpy(out, ECU_VERSION_NONE, sizeof ECU_VERSION_NONE);
}

static void version_crc32(const struct ecu_core *self, char out[ECU_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t crc = ecu_core_crc32(self);

	memcpy(out, "crc-", 4);
	for (unsigned i = 0; i < 8; i++)
		out[4 + i] = digits[crc >> (28 - 4 * i) & 15];
	out[12] = '\0';
}

void ecu_core_version(const struct ecu_core *self, char out[ECU_TEXT_BYTES])
{
	const char *factory_version = ecu_banks_running_factory_version(self);

	if (!ecu_core_app_valid(self)) {
		memcpy(out, ECU_VERSION_NONE, sizeof ECU_VERSION_NONE);
		return;
	}
	if (factory_version[0]) {
		memcpy(out, factory_version, ECU_TEXT_BYTES);
		return;
	}
	switch (self->config->version.from) {
	case ECU_VERSION_FIXED:
		memcpy(out, self->config->version.text, ECU_TEXT_BYTES);
		break;
	case ECU_VERSION_AT:
		version_at(self, out);
		break;
	case ECU_VERSION_CRC32:
		version_crc32(self, out);
		break;
	}
}

static size_t copy_text(uint8_t out[ECU_MAX_DID_BYTES], const char *text)
{
	size_t n = strlen(text);

	memcpy(out, text, n);
	return n;
}

/* Return: bytes of the data identifier; 0 if there is none such (no identifier of ours is empty) */
static size_t read_did(const struct ecu_core *self, uint16_t id, uint8_t out[ECU_MAX_DID_BYTES])
{
	const struct ecu_config *config = self->config;
	char text[ECU_TEXT_BYTES];

	switch (id) {
	case DID_BOOT_VERSION:
		return copy_text(out, config->boot_version);
	case DID_APPLICATION_VERSION:
		ecu_core_version(self, text);
		return copy_text(out, text);
	case DID_DATA_VERSION:
		return copy_text(out, config->data_version);
	case DID_SERIAL_NUMBER:
		return copy_text(out, config->serial_number);
	case DID_HARDWARE_NUMBER:
		return copy_text(out, config->hardware_number);
	case DID_ACTIVE_SESSION:
		out[0] = (uint8_t)self->session;
		return 1;
	case DID_FINGERPRINT_READ:
		memcpy(out, self->nv.fingerprint, self->nv.n_fingerprint);
		return self->nv.n_fingerprint;
	default:
		break;
	}
	for (size_t i = 0; i < config->n_dids; i++) {
		if (config->dids[i].id == id) {
			memcpy(out, self->nv.did_bytes[i], config->dids[i].n);
			return config->dids[i].n;
		}
	}
	return 0;
}

uint8_t ecu_data_read(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (n < 3 || n % 2 == 0)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	self->answer.bytes[0] = UDS_READ_DATA_BY_IDENTIFIER + UDS_POSITIVE_OFFSET;
	self->answer.n = 1;
	for (size_t i = 1; i < n; i += 2) {
		uint8_t bytes[ECU_MAX_DID_BYTES];
		size_t n_bytes = read_did(self, (uint16_t)(pdu[i] << 8 | pdu[i + 1]), bytes);

		if (!n_bytes)
			continue; /* those not there are left out, as long as one is */
		if (self->answer.n + 2 + n_bytes > sizeof self->answer.bytes)
			return UDS_NRC_RESPONSE_TOO_LONG;
		uint8_t *at = self->answer.bytes + self->answer.n;

		at[0] = pdu[i];
		at[1] = pdu[i + 1];
		memcpy(at + 2, bytes, n_bytes);
		self->answer.n += 2 + n_bytes;
	}
	return self->answer.n > 1 ? 0 : UDS_NRC_REQUEST_OUT_OF_RANGE;
}

static uint8_t write_fingerprint(struct ecu_core *self, const uint8_t *bytes, size_t n)
{
	if (!ecu_is_unlocked(self))
		return UDS_NRC_SECURITY_ACCESS_DENIED;
	if (n > ECU_MAX_DID_BYTES)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	memcpy(self->nv.fingerprint, bytes, n);
	self->nv.n_fingerprint = (uint8_t)n;
	self->fingerprint_written = true;
	return 0;
}

static uint8_t write_did(struct ecu_core *self, uint16_t id, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < self->config->n_dids; i++) {
		const struct ecu_did *did = &self->config->dids[i];

		if (did->id != id)
			continue;
		if (!did->writable)
			return UDS_NRC_REQUEST_OUT_OF_RANGE;
		if (did->secured && !(did->level ? ecu_is_unlocked_at(self, did->level) : ecu_is_unlocked(self)))
			return UDS_NRC_SECURITY_ACCESS_DENIED;
		if (n != did->n)
			return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
		memcpy(self->nv.did_bytes[i], bytes, n);
		return 0;
	}
	return UDS_NRC_REQUEST_OUT_OF_RANGE;
}

uint8_t ecu_data_write(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (n < 4)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	uint16_t id = (uint16_t)(pdu[1] << 8 | pdu[2]);
	uint8_t nrc =
	    id == DID_FINGERPRINT ? write_fingerprint(self, pdu + 3, n - 3) : write_did(self, id, pdu + 3, n - 3);

	if (nrc)
		return nrc;
	ecu_want(self, ECU_OUTPUT_STORE);
	self->answer.bytes[0] = UDS_WRITE_DATA_BY_IDENTIFIER + UDS_POSITIVE_OFFSET;
	memcpy(self->answer.bytes + 1, pdu + 1, 2);
	self->answer.n = 3;
	return 0;
}

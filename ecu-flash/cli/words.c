#include "ecu-flash/cli/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *session_word(uint8_t session)
{
	return session == 1 ? "default" : session == 2 ? "programming" : session == 3 ? "extended" : "manufacturer's";
}

static const char *reset_word(uint8_t type)
{
	return type == 1 ? "hard reset" : type == 2 ? "key off on reset" : type == 3 ? "soft reset" : "reset";
}

static const char *algorithm_word(enum profile_security_algorithm algorithm)
{
	switch (algorithm) {
	case PROFILE_SECURITY_NONE:
		return "no algorithm";
	case PROFILE_SECURITY_AES128_CMAC:
		return "AES-128-CMAC";
	case PROFILE_SECURITY_XOR:
		return "XOR";
	case PROFILE_SECURITY_LIBRARY:
		return "library";
	}
	return "";
}

static const char *check_word(enum profile_check_argument argument)
{
	switch (argument) {
	case PROFILE_CHECK_NONE:
		return "without argument";
	case PROFILE_CHECK_CRC32:
		return "with the CRC-32";
	case PROFILE_CHECK_SHA256:
		return "with the SHA-256";
	case PROFILE_CHECK_SIGNATURE:
		return "with the signature";
	}
	return "";
}

static void step_words(const struct profile *p, const struct flash_step *s, char *out, size_t n)
{
	uint8_t sub = s->sub_function;

	switch (s->kind) {
	case FLASH_STEP_SESSION:
		sub = sub ? sub : 2;
		snprintf(out, n, "10 %02X enter the %s session", sub, session_word(sub));
		break;
	case FLASH_STEP_SECURITY:
		snprintf(out, n, "27 %02X unlock security level 0x%02X (%s, key '%s')", p->security[0].level,
			 p->security[0].level, algorithm_word(p->security[0].algorithm), p->security[0].key_id);
		break;
	case FLASH_STEP_FINGERPRINT:
		snprintf(out, n, "2E %04X write the fingerprint, %u bytes", p->did_fingerprint, p->n_fingerprint);
		break;
	case FLASH_STEP_ERASE:
		snprintf(out, n, "31 %04X erase%s", p->routine_erase,
			 p->erase_argument == PROFILE_ERASE_NONE ? " the unit"
								 : ", each segment by address and length");
		break;
	case FLASH_STEP_TRANSFER:
		snprintf(out, n, "34 36 37 transfer the segments");
		break;
	case FLASH_STEP_CHECK_MEMORY:
		snprintf(out, n, "31 %04X check the memory %s", p->routine_check, check_word(p->check_argument));
		break;
	case FLASH_STEP_DEPENDENCIES:
		snprintf(out, n, "31 %04X check the dependencies", p->routine_dependencies);
		break;
	case FLASH_STEP_RESET:
		sub = sub ? sub : 1;
		snprintf(out, n, "11 %02X %s", sub, reset_word(sub));
		break;
	case FLASH_STEP_WAIT_BOOT:
		snprintf(out, n, "wait for boot, %" PRIu32 " to %" PRIu32 " ms", p->boot_wait_ms, p->boot_max_ms);
		break;
	case FLASH_STEP_READ_VERSION:
		snprintf(out, n, "22 %04X read the version back", p->did_application);
		break;
	case FLASH_STEP_ROUTINE:
		snprintf(out, n, "31 %04X routine, %u bytes of data", s->id, s->n_data);
		break;
	case FLASH_STEP_WRITE_DID:
		snprintf(out, n, "2E %04X write %u bytes", s->id, s->n_data);
		break;
	case FLASH_STEP_SWITCH_OVER:
		snprintf(out, n, "31 %04X switch over to the other bank", p->routine_switch_over);
		break;
	case FLASH_STEP_SWITCH_BACK:
		snprintf(out, n, "31 %04X switch back", p->routine_switch_back);
		break;
	case FLASH_STEP_WAIT:
		snprintf(out, n, "wait %" PRIu32 " ms", s->wait_ms);
		break;
	}
}

void words_step(const struct profile *profile, const struct flash_step *step, char out[WORDS_BYTES])
{
	out[0] = '\0';
	step_words(profile, step, out, WORDS_BYTES);
}

void words_bus_step(const struct profile *profile, const struct bus_step *step, char out[WORDS_BYTES])
{
	uint8_t sub = step->sub_function;

	out[0] = '\0';
	switch (step->kind) {
	case BUS_STEP_SESSION:
		snprintf(out, WORDS_BYTES, "10 %02X %s session, all ECUs", sub, session_word(sub));
		break;
	case BUS_STEP_PRECONDITIONS:
		snprintf(out, WORDS_BYTES, "31 %04X programming preconditions of the ECU",
			 profile->routine_preconditions);
		break;
	case BUS_STEP_DTC_SETTING:
		snprintf(out, WORDS_BYTES, "85 %02X fault memory %s, all ECUs", sub, sub == 2 ? "off" : "on");
		break;
	case BUS_STEP_COMMUNICATION:
		snprintf(out, WORDS_BYTES, "28 %02X %02X normal communication %s, all ECUs", sub,
			 step->communication_type,
			 sub == 0   ? "on"
			 : sub == 3 ? "off"
				    : "restricted");
		break;
	case BUS_STEP_CLEAR_DTC:
		snprintf(out, WORDS_BYTES, "14 FFFFFF clear the fault memory, all ECUs");
		break;
	}
}

void words_addressing(const struct profile *profile, char out[WORDS_BYTES])
{
	const struct isotp_address *a = &profile->link.address;
	int width = a->extended_id ? 8 : 3;
	char ae[48] = "";

	if (a->form == ISOTP_EXTENDED)
		snprintf(ae, sizeof ae, ", target address %02X, ours %02X", a->tx_ae, a->rx_ae);
	if (a->form == ISOTP_MIXED)
		snprintf(ae, sizeof ae, ", address extension %02X", a->tx_ae);
	snprintf(out, WORDS_BYTES, "request %0*" PRIX32 ", response %0*" PRIX32 ", functional %0*" PRIX32 "%s", width,
		 a->tx_id, width, a->rx_id, profile->functional.extended_id ? 8 : 3, profile->functional.id, ae);
}

void words_count(uint64_t n, char out[WORDS_BYTES])
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n);
	size_t o = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[o++] = ' ';
		out[o++] = digits[i];
	}
	out[o] = '\0';
}

void words_time(uint64_t ms, char out[WORDS_BYTES])
{
	if (ms < 1000)
		snprintf(out, WORDS_BYTES, "%" PRIu64 " ms", ms);
	else if (ms < 60000)
		snprintf(out, WORDS_BYTES, "%.1f s", (double)ms / 1000);
	else
		snprintf(out, WORDS_BYTES, "%" PRIu64 " min %02" PRIu64 " s", ms / 60000, ms / 1000 % 60);
}

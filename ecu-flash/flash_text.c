/* Words for what happened to a run. */
#include "ecu-flash/flash_run_priv.h"

#include <stdio.h>
#include <string.h>

const char *flash_code_text(enum flash_code code)
{
	switch (code) {
	case FLASH_OK:
		return "ok";
	case FLASH_NO_ANSWER:
		return "no answer";
	case FLASH_NEGATIVE_RESPONSE:
		return "refused";
	case FLASH_SECURITY_DENIED:
		return "security access denied";
	case FLASH_PRECONDITIONS:
		return "programming preconditions not met";
	case FLASH_ERASE_FAILED:
		return "erase failed";
	case FLASH_TRANSFER_FAILED:
		return "transfer failed";
	case FLASH_CHECK_FAILED:
		return "the ECU's check of its memory failed";
	case FLASH_DEPENDENCIES:
		return "the ECU's check of dependencies failed";
	case FLASH_BOOT_TIMEOUT:
		return "did not boot in time";
	case FLASH_WRONG_VERSION:
		return "wrong version after the flash";
	case FLASH_MALFORMED_ANSWER:
		return "malformed answer";
	case FLASH_BAD_BLOCK_LENGTH:
		return "the ECU's maxNumberOfBlockLength holds no data";
	case FLASH_STOPPED:
		return "stopped before the point of no return";
	case FLASH_KEY_UNAVAILABLE:
		return "no key for security access";
	case FLASH_TRANSPORT:
		return "the request could not be sent";
	case FLASH_BUS_QUIET_REFUSED:
		return "refused to make the bus quiet";
	case FLASH_IMAGE_TOO_LARGE:
		return "a segment does not fit the profile's address or length format";
	case FLASH_FOREIGN_TESTER:
		return "another tester uses the bus";
	case FLASH_WRONG_HARDWARE:
		return "another hardware than the one to be flashed";
	case FLASH_WRONG_SERIAL:
		return "another serial number than the one to be flashed";
	}
	return "unknown code";
}

void flash_text_event(const struct uds_event *ev, char *out, size_t n)
{
	const char *words = "";

	switch (ev->kind) {
	case UDS_EVENT_POSITIVE:
		words = "the answer does not fit";
		break;
	case UDS_EVENT_NEGATIVE:
		words = uds_nrc_text(ev->nrc);
		break;
	case UDS_EVENT_TIMEOUT:
		words = "no answer";
		break;
	case UDS_EVENT_MALFORMED:
		words = "malformed answer";
		break;
	case UDS_EVENT_SEND_FAILED:
		words = isotp_reason_text(ev->reason);
		break;
	case UDS_EVENT_NONE:
	case UDS_EVENT_SUPPRESSED:
	case UDS_EVENT_PENDING:
	case UDS_EVENT_UNSOLICITED:
		break;
	}
	if (ev->kind == UDS_EVENT_TIMEOUT && ev->pending_us)
		snprintf(out, n, "still response pending (NRC 78) after %u s",
			 (unsigned)((ev->pending_us + FLASH_S / 2) / FLASH_S));
	else
		snprintf(out, n, "%s", words);
}

/* Return: how much of the text goes into @room, up to the end of a word */
static size_t whole_words(const char *text, size_t room)
{
	size_t n = strlen(text);

	if (n <= room)
		return n;
	for (n = room; n > room / 2 && text[n] != ' '; n--)
		;
	return n > room / 2 ? n : room;
}

/* what does not fit is cut off */
static void add(struct flash_result *r, const char *words)
{
	size_t at = strlen(r->text);
	size_t n = whole_words(words, sizeof(r->text) - 1 - at);

	memcpy(r->text + at, words, n);
	r->text[at + n] = 0;
}

/* whether the words of the code say what was being done */
static bool names_step(enum flash_code code)
{
	return code == FLASH_ERASE_FAILED || code == FLASH_TRANSFER_FAILED || code == FLASH_CHECK_FAILED ||
	       code == FLASH_DEPENDENCIES || code == FLASH_BOOT_TIMEOUT || code == FLASH_WRONG_VERSION;
}

static void add_step(struct flash_result *r)
{
	char unit[16] = "";

	add(r, flash_step_text(r->step));
	if (r->unit)
		snprintf(unit, sizeof(unit), " of unit %u", r->unit + 1u);
	add(r, unit);
}

void flash_text_result(struct flash_result *r, const char *name, bool in_step, const char *words)
{
	char nrc[16];

	r->text[0] = 0;
	add(r, name);
	add(r, ": ");
	if (r->code == FLASH_OK) {
		add(r, r->verified ? "verified" : "ok");
		return;
	}
	if (in_step && (r->nrc || r->unit || !names_step(r->code))) {
		add_step(r);
		add(r, r->nrc ? " refused: " : ": ");
	}
	if (r->code == FLASH_STOPPED && r->bank_erased && !words)
		words =
		    "stopped; the running application is untouched, the other bank was erased and holds nothing valid";
	if (!in_step || !r->nrc)
		add(r, words ? words : flash_code_text(r->code));
	if (r->nrc) {
		add(r, in_step ? "" : ": ");
		add(r, uds_nrc_text(r->nrc));
		snprintf(nrc, sizeof(nrc), " (NRC %02X)", r->nrc);
		add(r, nrc);
		add(r, uds_nrc_hint(r->nrc)[0] ? "; " : "");
		add(r, uds_nrc_hint(r->nrc));
	} else if (r->code == FLASH_NO_ANSWER && r->sid && !words) {
		add(r, " to ");
		add(r, uds_sid_text(r->sid));
	}
}

void flash_text_end(struct flash_result *r, const char *words)
{
	size_t room = sizeof(r->text) - 1;
	size_t n = strlen(words);

	if (n < room)
		r->text[whole_words(r->text, room - n)] = 0;
	add(r, words);
}

#include "ecu-flash/cli/trace.h"

#include <string.h>

#define SHOWN_BYTES 20u

static void line(const struct trace *self, uint64_t now_us, const char *arrow, const uint8_t *pdu, size_t n,
		 const char *words)
{
	double seconds = (double)(now_us - self->start_us) / 1e6;

	fprintf(self->out, "%10.3f %s", seconds, arrow);
	for (size_t i = 0; i < n && i < SHOWN_BYTES; i++)
		fprintf(self->out, " %02X", pdu[i]);
	if (n > SHOWN_BYTES)
		fprintf(self->out, " ... (%zu bytes)", n);
	fprintf(self->out, "  %s\n", words);
}

/* what the channel still holds is shown and left there */
bool trace_answers(struct trace *self, uint64_t now_us, const struct uds_channel *channel)
{
	const size_t cap = sizeof channel->events / sizeof *channel->events;

	if (!self->out)
		return false;
	for (size_t i = 0; i < channel->event_n; i++) {
		const struct uds_event *e = &channel->events[(channel->event_head + i) % cap];

		if (e->kind != UDS_EVENT_PENDING && e->kind != UDS_EVENT_UNSOLICITED)
			self->shown = false;
		switch (e->kind) {
		case UDS_EVENT_POSITIVE:
			line(self, now_us, "<-", e->pdu, e->n_pdu, uds_sid_text(e->sid));
			break;
		case UDS_EVENT_NEGATIVE:
			line(self, now_us, "<-", (const uint8_t[]){UDS_NEGATIVE_RESPONSE, e->sid, e->nrc}, 3,
			     uds_nrc_text(e->nrc));
			break;
		case UDS_EVENT_PENDING:
			line(self, now_us, "<-",
			     (const uint8_t[]){UDS_NEGATIVE_RESPONSE, e->sid, UDS_NRC_RESPONSE_PENDING}, 3,
			     uds_nrc_text(UDS_NRC_RESPONSE_PENDING));
			break;
		case UDS_EVENT_TIMEOUT:
			line(self, now_us, "--", NULL, 0, "no answer in time");
			break;
		case UDS_EVENT_MALFORMED:
			line(self, now_us, "<-", e->pdu, e->n_pdu, "malformed answer");
			break;
		case UDS_EVENT_SEND_FAILED:
			line(self, now_us, "--", NULL, 0, "the request could not be sent");
			break;
		case UDS_EVENT_UNSOLICITED:
			line(self, now_us, "<-", e->pdu, e->n_pdu, "answer to a functional request");
			break;
		case UDS_EVENT_SUPPRESSED:
		case UDS_EVENT_NONE:
			break;
		}
	}
	return channel->event_n > 0;
}

bool trace_request(struct trace *self, uint64_t now_us, const struct uds_channel *channel)
{
	if (!self->out || self->shown || !uds_client_open(&channel->client))
		return false;
	self->shown = true;
	line(self, now_us, "->", channel->tx_buf, channel->tx_n, uds_sid_text(channel->tx_buf[0]));
	return true;
}

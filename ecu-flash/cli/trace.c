#include "ecu-flash/cli/trace.h"

#include <string.h>

#include "ecu-flash/pdu_words.h"

#define SHOWN_BYTES 12u

static void begin(const struct trace *self, uint64_t now_us, const char *name, char arrow, const uint8_t *pdu, size_t n)
{
	fprintf(self->out, "%12.3f ms  %s %c", (double)(now_us - self->start_us) / 1e3, name, arrow);
	for (size_t i = 0; i < n && i < SHOWN_BYTES; i++)
		fprintf(self->out, " %02X", pdu[i]);
	if (n > SHOWN_BYTES)
		fprintf(self->out, " ... (%zu bytes)", n);
}

/* @to: on which it came, whose request it answers; NULL = of none */
static void answer(const struct trace *self, uint64_t now_us, const struct uds_channel *to, const uint8_t *pdu,
		   size_t n)
{
	char words[PDU_WORDS_BYTES];

	pdu_words_answer_to(self->profile, to ? to->tx_buf : NULL, to ? to->tx_n : 0, pdu, n, words);
	begin(self, now_us, self->name, '<', pdu, n);
	fprintf(self->out, "  %s", words);
}

/* what became of the open request, and how long that took */
static void end(const struct trace *self, uint64_t now_us)
{
	fprintf(self->out, "; after %.3f ms\n", (double)(now_us - self->request_us) / 1e3);
}

static void silence(const struct trace *self, uint64_t now_us, const char *words)
{
	begin(self, now_us, self->name, '-', NULL, 0);
	fprintf(self->out, "  %s", words);
	end(self, now_us);
}

static void event(const struct trace *self, uint64_t now_us, const struct uds_channel *channel,
		  const struct uds_event *e)
{
	switch (e->kind) {
	case UDS_EVENT_POSITIVE:
		answer(self, now_us, channel, e->pdu, e->n_pdu);
		end(self, now_us);
		break;
	case UDS_EVENT_NEGATIVE:
		answer(self, now_us, channel, (const uint8_t[]){UDS_NEGATIVE_RESPONSE, e->sid, e->nrc}, 3);
		end(self, now_us);
		break;
	case UDS_EVENT_PENDING:
		answer(self, now_us, channel,
		       (const uint8_t[]){UDS_NEGATIVE_RESPONSE, e->sid, UDS_NRC_RESPONSE_PENDING}, 3);
		end(self, now_us);
		break;
	case UDS_EVENT_MALFORMED:
		answer(self, now_us, channel, e->pdu, e->n_pdu);
		fputs("; malformed", self->out);
		end(self, now_us);
		break;
	case UDS_EVENT_UNSOLICITED:
		answer(self, now_us, NULL, e->pdu, e->n_pdu);
		fputs("; to a functional request, or to none\n", self->out);
		break;
	case UDS_EVENT_TIMEOUT:
		silence(self, now_us, e->pending_us ? "still response pending (NRC 78)" : "no answer in time");
		break;
	case UDS_EVENT_SEND_FAILED:
		silence(self, now_us, "the request could not be sent");
		break;
	case UDS_EVENT_SUPPRESSED:
		silence(self, now_us, "silence, as asked for");
		break;
	case UDS_EVENT_NONE:
		break;
	}
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
		event(self, now_us, channel, e);
	}
	return channel->event_n > 0;
}

bool trace_request(struct trace *self, uint64_t now_us, const struct uds_channel *channel)
{
	char words[PDU_WORDS_BYTES];

	if (!self->out || self->shown || !uds_client_open(&channel->client))
		return false;
	self->shown = true;
	self->request_us = now_us;
	pdu_words_request(self->profile, channel->tx_buf, channel->tx_n, words);
	begin(self, now_us, self->name, '>', channel->tx_buf, channel->tx_n);
	fprintf(self->out, "  %s\n", words);
	return true;
}

void trace_frame(struct trace *self, uint64_t now_us, const char *name, bool own, uint8_t at, const struct can_msg *msg)
{
	uint8_t n = msg->len > at ? msg->data[at] : 0;
	const uint8_t *pdu = msg->data + at + 1;
	char words[PDU_WORDS_BYTES];

	if (!self->out || msg->flags & (CAN_MSG_RTR | CAN_MSG_ERROR))
		return;
	if (n == 0 && msg->len > 8) {
		n = msg->data[at + 1];
		pdu++;
	}
	if (!n || n >= msg->len || pdu + n > msg->data + msg->len)
		return;
	if (own)
		pdu_words_request(self->profile, pdu, n, words);
	else
		pdu_words_answer(self->profile, pdu, n, words);
	begin(self, now_us, name, own ? '>' : '<', pdu, n);
	fprintf(self->out, "  %s\n", words);
}

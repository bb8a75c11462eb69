/* Makes one ECU quiet again, physically, after a reset or a return to its default session, while others still flash.
 * Best effort: an ECU that does not take it talks on, and the flashes of the others bear that. */
#include "ecu-flash/flash_run_priv.h"

bool flash_quiet_begin(struct flash_run *self, uint64_t now_us)
{
	self->quiet_index = 0;
	self->request_tries = 0;
	return flash_quiet_send(self, now_us);
}

bool flash_quiet_send(struct flash_run *self, uint64_t now_us)
{
	const struct profile *p = self->quiet_profile ? self->quiet_profile : flash_profile(self);

	for (; self->quiet_index < p->n_bus_before; self->quiet_index++) {
		const struct bus_step *s = &p->bus_before[self->quiet_index];

		switch (s->kind) {
		case BUS_STEP_SESSION:
			flash_request(self, now_us, (uint8_t[]){UDS_DIAGNOSTIC_SESSION_CONTROL, s->sub_function}, 2,
				      NULL, 0);
			return true;
		case BUS_STEP_DTC_SETTING:
			flash_request(self, now_us, (uint8_t[]){UDS_CONTROL_DTC_SETTING, s->sub_function}, 2, NULL, 0);
			return true;
		case BUS_STEP_COMMUNICATION:
			flash_request(self, now_us,
				      (uint8_t[]){UDS_COMMUNICATION_CONTROL, s->sub_function, s->communication_type}, 3,
				      NULL, 0);
			return true;
		case BUS_STEP_PRECONDITIONS:
		case BUS_STEP_CLEAR_DTC:
			break;
		}
	}
	return false;
}

bool flash_quiet_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (ev->kind != UDS_EVENT_POSITIVE && ev->kind != UDS_EVENT_NEGATIVE && flash_repeat(self, now_us, ev))
		return true;
	self->quiet_index++;
	self->request_tries = 0;
	return flash_quiet_send(self, now_us);
}

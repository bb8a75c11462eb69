#include "uds/port/can_rest.h"

/*
 * Below the least it is not worth a timer; above the most what others send would wait too long. The margin is for
 * timers that fire late: at its end the bus still has frames of ours.
 */
#define REST_MIN_US    400u
#define REST_MAX_US    12000u
#define REST_MARGIN_US 1000u

void can_rest_reset(struct can_rest *self)
{
	self->until_us = 0;
	self->frame_us = 0;
}

void can_rest_idle(struct can_rest *self, uint64_t now_us)
{
	self->last_batch_us = now_us;
}

void can_rest_measure(struct can_rest *self, uint64_t now_us, size_t n_confirmed, size_t n_outstanding)
{
	uint64_t elapsed_us = now_us - self->last_batch_us;

	self->last_batch_us = now_us;
	if (n_confirmed == 0)
		return;
	if (n_confirmed >= n_outstanding) {
		/* the bus ran dry meanwhile: that says nothing about its pace, but a rest before it was too long */
		if (self->rested)
			self->frame_us /= 2;
		return;
	}
	uint64_t sample_us = elapsed_us / n_confirmed;
	if (sample_us < 20000)
		self->frame_us = (uint32_t)((self->frame_us * 7u + sample_us) / 8u);
}

bool can_rest_begin(struct can_rest *self, uint64_t now_us, size_t n_outstanding)
{
	uint64_t left_us = (uint64_t)n_outstanding * self->frame_us;
	uint64_t margin_us = left_us / 4 > REST_MARGIN_US ? left_us / 4 : REST_MARGIN_US;

	if (left_us < margin_us + REST_MIN_US)
		return false;
	uint64_t rest_us = left_us - margin_us;
	self->until_us = now_us + (rest_us < REST_MAX_US ? rest_us : REST_MAX_US);
	return true;
}

#include "sim/bus_internal.h"

#include <assert.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

static void count_second(struct bus *self, uint64_t start_ns, uint64_t end_ns)
{
	while (start_ns < end_ns) {
		uint64_t second = start_ns / SECOND_NS;
		uint64_t second_end_ns = (second + 1) * SECOND_NS;
		uint64_t until_ns = end_ns < second_end_ns ? end_ns : second_end_ns;

		if (second >= self->second + BUS_LOAD_SECONDS) {
			memset(self->busy_in_second, 0, sizeof(self->busy_in_second));
			self->second = second;
		}
		while (self->second < second)
			self->busy_in_second[++self->second % BUS_LOAD_SECONDS] = 0;
		self->busy_in_second[second % BUS_LOAD_SECONDS] += (uint32_t)(until_ns - start_ns);
		start_ns = until_ns;
	}
}

void bus_count_busy(struct bus *self, struct bus_client_stats *client, uint64_t start_ns, uint64_t end_ns)
{
	count_second(self, start_ns, end_ns);
	self->stats.busy_ns += end_ns - start_ns;
	if (client)
		client->busy_ns += end_ns - start_ns;
}

void bus_count_frame(struct bus *self, struct bus_client_stats *client, uint32_t n_bits)
{
	const bool lost = self->outcome == BUS_LOST;

	self->stats.n_frames++;
	self->stats.n_dropped += lost;
	if (!client)
		return;
	client->n_frames++;
	client->n_bytes += self->msg.flags & CAN_MSG_RTR ? 0 : self->msg.len;
	client->n_bits += n_bits;
	client->n_lost += lost;
}

struct bus_stats bus_stats(const struct bus *self)
{
	return self->stats;
}

const struct bus_client_stats *bus_client_stats(const struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	return &self->clients[client].stats;
}

uint64_t bus_client_frames(const struct bus *self, unsigned client)
{
	return bus_client_stats(self, client)->n_frames;
}

unsigned bus_load_permille(const struct bus *self, uint64_t second)
{
	if (second > self->second || second + BUS_LOAD_SECONDS <= self->second)
		return 0;
	return (unsigned)(self->busy_in_second[second % BUS_LOAD_SECONDS] / (SECOND_NS / 1000));
}

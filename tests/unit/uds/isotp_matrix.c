/*
 * A link against a link without a bus between: frames are handed over one by one, each with an exact time of leaving.
 * Every length in every addressing form, every class of block size and separation time, both directions at once.
 */
#include "support.h"

#define LONGEST  70000u
#define FRAME_US 100u
#define START_US (9 * S)

enum format { CLASSIC, CLASSIC_UNPADDED, FD_8, FD_12, FD_32, FD_64, N_FORMATS };

struct side {
	struct isotp link;
	uint8_t message[LONGEST];
	uint8_t rx[LONGEST];
	uint64_t cf_left_us; /* when the last consecutive frame left; 0 = none since a flow control */
	uint32_t gap_us;     /* what this side was asked for */
	size_t n_sent, n_received, n_flow_controls;
	size_t n; /* length of the message it sends */
};

static struct side sides[2];
static uint64_t now_us;

static const struct isotp_address forms[] = {
    {.form = ISOTP_NORMAL, .tx_id = 0x7e0, .rx_id = 0x7e8},
    {.form = ISOTP_NORMAL, .extended_id = true, .tx_id = 0x1234567, .rx_id = 0x1234568},
    {.form = ISOTP_NORMAL_FIXED, .tx_id = 0x18da10f1, .rx_id = 0x18daf110},
    {.form = ISOTP_EXTENDED, .tx_id = 0x600, .rx_id = 0x601, .tx_ae = 0x10, .rx_ae = 0xf1},
    {.form = ISOTP_EXTENDED, .extended_id = true, .tx_id = 0x600, .rx_id = 0x601, .tx_ae = 0x10, .rx_ae = 0xf1},
    {.form = ISOTP_MIXED, .tx_id = 0x7e0, .rx_id = 0x7e8, .tx_ae = 0x55, .rx_ae = 0x55},
    {.form = ISOTP_MIXED, .extended_id = true, .tx_id = 0x18ce10f1, .rx_id = 0x18cef110, .tx_ae = 7, .rx_ae = 7},
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static struct isotp_config config_of(size_t form, enum format format)
{
	static const uint8_t dl[N_FORMATS] = {8, 8, 8, 12, 32, 64};
	struct isotp_config config = isotp_config_default();

	config.address = forms[form];
	config.fd = format >= FD_8;
	config.brs = format == FD_64;
	config.tx_dl = dl[format];
	config.pad = format != CLASSIC_UNPADDED && format != FD_12;
	return config;
}

static void take_events(struct side *self, const struct side *peer)
{
	struct isotp_event event;

	while (isotp_pop_event(&self->link, &event)) {
		switch (event.kind) {
		case ISOTP_EVENT_SENT:
			self->n_sent++;
			break;
		case ISOTP_EVENT_RX_STARTED:
			assert_int_equal(event.n, peer->n);
			break;
		case ISOTP_EVENT_RECEIVED:
			self->n_received++;
			assert_int_equal(event.n, peer->n);
			assert_memory_equal(event.data, peer->message, peer->n);
			break;
		case ISOTP_EVENT_NONE:
		case ISOTP_EVENT_SEND_FAILED:
		case ISOTP_EVENT_RX_FAILED:
			fail_msg("%s", isotp_reason_text(event.reason));
		}
	}
}

/* the frame is as its configuration says, and no consecutive one is early */
static void check_frame(struct side *from, struct side *to, const struct can_msg *msg)
{
	const struct isotp_config *config = &from->link.config;
	const uint8_t pci = msg->data[config->address.form == ISOTP_EXTENDED || config->address.form == ISOTP_MIXED];

	assert_true(msg->len <= config->tx_dl && can_msg_fd_len(msg->len) == msg->len);
	if (config->pad)
		assert_true(msg->len >= 8);
	if (pci >> 4 == 2) {
		if (from->cf_left_us != 0)
			assert_true(now_us - FRAME_US >= from->cf_left_us + from->gap_us);
		from->cf_left_us = now_us;
	} else if (pci >> 4 == 3) {
		from->n_flow_controls++;
		to->cf_left_us = 0;
	}
}

/* Return: whether a frame went over from one side to the other */
static bool hand_over(struct side *from, struct side *to)
{
	struct can_msg msg;

	if (!isotp_pop_frame(&from->link, now_us, &msg))
		return false;
	now_us += FRAME_US;
	check_frame(from, to, &msg);
	isotp_confirm(&from->link, now_us);
	take_events(from, to);
	assert_true(isotp_input(&to->link, now_us, &msg));
	take_events(to, from);
	return true;
}

static void run(void)
{
	for (;;) {
		const bool a = hand_over(&sides[0], &sides[1]);
		const bool b = hand_over(&sides[1], &sides[0]);

		if (a || b)
			continue;
		const uint64_t next_a = isotp_deadline(&sides[0].link), next_b = isotp_deadline(&sides[1].link);
		const uint64_t next = next_a < next_b ? next_a : next_b;
		if (next == UDS_NEVER)
			return;
		assert_true(next > now_us);
		now_us = next;
		isotp_expire(&sides[0].link, now_us);
		isotp_expire(&sides[1].link, now_us);
		for (size_t i = 0; i < 2; i++)
			take_events(&sides[i], &sides[1 - i]);
	}
}

static void set_up(const struct isotp_config *a, const struct isotp_config *b)
{
	const struct isotp_config *configs[] = {a, b};

	now_us = START_US;
	for (size_t i = 0; i < 2; i++) {
		struct side *self = &sides[i];

		isotp_init(&self->link, configs[i], self->rx, sizeof(self->rx));
		self->gap_us = isotp_st_min_to_us(configs[1 - i]->st_min);
	}
}

/* @n bytes one way and @n_back the other, at the same time; 0 = none */
static void exchange(size_t n, size_t n_back)
{
	const size_t lengths[] = {n, n_back};

	for (size_t i = 0; i < 2; i++) {
		struct side *self = &sides[i];

		self->n_sent = self->n_received = self->n_flow_controls = 0;
		self->cf_left_us = 0;
		self->n = lengths[i];
		if (self->n > 0)
			assert_int_equal(isotp_send(&self->link, now_us, self->message, self->n), 0);
	}
	run();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sides[i].n_sent, lengths[i] > 0);
		assert_int_equal(sides[1 - i].n_received, lengths[i] > 0);
	}
}

/* lengths around the borders of single and first frames, sequence numbers and the escape */
static const size_t borders[] = {1,  6,   7,   8,   9,   13,   14,   20,   61,   62,   63,  64,
				 65, 111, 112, 127, 500, 1000, 4093, 4094, 4095, 4096, 4097};
#define N_BORDERS (sizeof(borders) / sizeof(borders[0]))

static void every_length_in_every_form(enum format format)
{
	for (size_t form = 0; form < N_FORMS; form++) {
		const struct isotp_config config = config_of(form, format);
		const struct isotp_config peer = mirrored(config);

		set_up(&config, &peer);
		for (size_t n = 1; n <= 5000; n++)
			exchange(n, 5001 - n);
	}
}

static void every_length_arrives_in_every_addressing_form_on_classic_can(void **state)
{
	(void)state;
	every_length_in_every_form(CLASSIC);
}

static void every_length_arrives_in_every_addressing_form_on_can_fd(void **state)
{
	(void)state;
	every_length_in_every_form(FD_64);
}

static void every_length_arrives_unpadded_and_in_shorter_frames_of_can_fd(void **state)
{
	(void)state;
	every_length_in_every_form(CLASSIC_UNPADDED);
	for (enum format format = FD_8; format < FD_64; format++)
		every_length_in_every_form(format);
}

static void both_directions_at_once_carry_70000_bytes_in_every_form_and_format(void **state)
{
	(void)state;
	for (enum format format = CLASSIC; format < N_FORMATS; format++) {
		for (size_t form = 0; form < N_FORMS; form++) {
			const struct isotp_config config = config_of(form, format);
			struct isotp_config peer = mirrored(config);

			peer.block_size = 8;
			set_up(&config, &peer);
			exchange(LONGEST, LONGEST - 1);
		}
	}
}

/* the two ends may send frames of different length */
static void ends_of_different_frame_length_understand_each_other(void **state)
{
	(void)state;
	for (enum format format = FD_8; format < N_FORMATS; format++) {
		const struct isotp_config config = config_of(0, format);
		const struct isotp_config peer = mirrored(config_of(0, FD_64));

		set_up(&config, &peer);
		for (size_t i = 0; i < N_BORDERS; i++)
			exchange(borders[i], borders[N_BORDERS - 1 - i]);
	}
}

static const uint8_t block_sizes[] = {0, 1, 2, 8, 255};
static const uint8_t st_mins[] = {0x00, 0x01, 0x7f, 0x80, 0xf0, 0xf1, 0xf5, 0xf9, 0xfa, 0xff};

/* consecutive frames that a message of @n bytes takes in frames of @dl */
static size_t n_consecutive(const struct isotp_config *config, size_t n)
{
	const size_t offset = config->address.form == ISOTP_EXTENDED || config->address.form == ISOTP_MIXED;
	const size_t first = config->tx_dl - offset - (n > 4095 ? 6u : 2u);
	const size_t each = config->tx_dl - offset - 1u;
	const size_t single = config->tx_dl == 8 ? 7u - offset : config->tx_dl - 2u - offset;

	return n <= single ? 0 : (n - first + each - 1) / each;
}

static void check_flow_controls(const struct side *receiver, const struct side *sender)
{
	const size_t n_cf = n_consecutive(&sender->link.config, sender->n);
	const uint8_t bs = receiver->link.config.block_size;
	const size_t expected = n_cf == 0 ? 0 : bs == 0 ? 1 : 1 + (n_cf - 1) / bs;

	assert_int_equal(receiver->n_flow_controls, expected);
}

static void every_block_size_and_separation_time_is_kept_in_both_directions(void **state)
{
	static const enum format formats[] = {CLASSIC, FD_64};
	const size_t n_st = sizeof(st_mins), n_bs = sizeof(block_sizes);

	(void)state;
	for (size_t k = 0; k < 2 * N_FORMS; k++) {
		const struct isotp_config base = config_of(k / 2, formats[k % 2]);

		for (size_t i = 0; i < n_bs * n_st; i++) {
			struct isotp_config config = base, peer = mirrored(base);

			/* every pair for one direction, another for the other */
			config.block_size = block_sizes[i / n_st];
			config.st_min = st_mins[i % n_st];
			peer.block_size = block_sizes[(i / n_st + 1 + k) % n_bs];
			peer.st_min = st_mins[(i + 3 + k) % n_st];
			set_up(&config, &peer);
			for (size_t b = 0; b < N_BORDERS; b++) {
				const size_t back = borders[(b * 5 + i) % N_BORDERS];

				exchange(borders[b], back);
				check_flow_controls(&sides[1], &sides[0]);
				check_flow_controls(&sides[0], &sides[1]);
			}
		}
	}
}

static int fill_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		fill_pattern(sides[i].message, LONGEST, (uint32_t)i + 1);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, fill_messages)

int main(void)
{
	const struct CMUnitTest isotp_matrix[] = {
	    TEST(every_length_arrives_in_every_addressing_form_on_classic_can),
	    TEST(every_length_arrives_in_every_addressing_form_on_can_fd),
	    TEST(every_length_arrives_unpadded_and_in_shorter_frames_of_can_fd),
	    TEST(both_directions_at_once_carry_70000_bytes_in_every_form_and_format),
	    TEST(ends_of_different_frame_length_understand_each_other),
	    TEST(every_block_size_and_separation_time_is_kept_in_both_directions),
	};

	return RUN_TESTS(isotp_matrix);
}

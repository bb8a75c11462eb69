/* Why a simulated station cannot use a bus: what it says of an interface. The kernel is stood in for. */
#include "tests/unit/sim/vecu_files.h"

#include <errno.h>
#include <sys/socket.h>

#include "sim/virtual_ecu_run.h"
#include "tests/unit/port/link_bytes.h"

static int open_error;         /* of each opening of a bus */
static const char *link_bytes; /* what is answered about the interface */
static uint32_t link_mtu;

int __wrap_can_port_open(uv_loop_t *loop, const char *name, bool fd, const struct can_port_callbacks *callbacks,
			 struct can_port **port);
ssize_t __wrap_recv(int fd, void *out, size_t cap, int flags);

int __wrap_can_port_open(uv_loop_t *loop, const char *name, bool fd, const struct can_port_callbacks *callbacks,
			 struct can_port **port)
{
	(void)loop;
	(void)name;
	(void)fd;
	(void)callbacks;
	(void)port;
	return open_error;
}

ssize_t __wrap_recv(int fd, void *out, size_t cap, int flags)
{
	static const uint8_t mtu_72[8] = {8, 0, 4, 0, 72, 0, 0, 0}; /* IFLA_MTU */
	uint8_t bytes[LINK_BYTES_MAX];
	const size_t n = link_bytes_decode(link_bytes, bytes);
	uint8_t *mtu = memmem(bytes, n, mtu_72, sizeof(mtu_72));

	(void)fd;
	(void)flags;
	assert_true(n <= cap);
	if (mtu)
		memcpy(mtu + 4, &link_mtu, sizeof(link_mtu));
	memcpy(out, bytes, n);
	return (ssize_t)n;
}

/* virtual-ecu with its one bus there, which wants CAN FD */
static void expect_refused(const char *port, const char *words)
{
	struct vecu_setup *setup = load("");
	struct yaml_error error = {""};
	struct vecu_run run;
	uv_loop_t loop;

	snprintf(setup->buses[0].port, sizeof(setup->buses[0].port), "%s", port);
	setup->buses[0].fd = true;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(vecu_run_start(&run, &loop, setup, NULL, &error), open_error);
	assert_string_equal(error.text, words);
	vecu_run_stop(&run);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(vecu_run_finish(&run), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	free(setup);
}

static void an_interface_for_classic_frames_alone_is_told_with_what_to_do(void **state)
{
	(void)state;
	open_error = -ENOTSUP;
	link_bytes = virtual_can;
	link_mtu = 16;
	expect_refused("vcan0", "bus b: vcan0 carries no CAN FD frames, which are wanted: `ip link set vcan0 down` and "
				"`ip link set vcan0 mtu 72 up`");
}

static void an_interface_that_is_missing_is_named(void **state)
{
	(void)state;
	open_error = -ENODEV;
	link_bytes = no_interface;
	expect_refused("can7", "bus b: there is no interface can7");
}

static void what_is_not_the_interfaces_fault_is_told_with_the_port(void **state)
{
	(void)state;
	open_error = -ENOBUFS;
	link_bytes = virtual_can;
	link_mtu = 72;
	expect_refused("vcan0", "bus b: vcan0: No buffer space available");
	open_error = -EAFNOSUPPORT;
	link_bytes = no_interface;
	expect_refused("can0", "bus b: can0: Address family not supported by protocol");
	open_error = -ENOENT;
	expect_refused("unix:/nowhere/bus", "bus b: unix:/nowhere/bus: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_interface_for_classic_frames_alone_is_told_with_what_to_do),
	    TEST(an_interface_that_is_missing_is_named),
	    TEST(what_is_not_the_interfaces_fault_is_told_with_the_port),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

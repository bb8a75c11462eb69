/*
 * fake_logind - stands in for logind's inhibitor locks on a private D-Bus.
 *
 *   fake-logind ADDRESS MODE-FILE
 *
 * MODE-FILE holds one word, read anew at each call: grant, late (after 1 s), silent (never answers), refuse-block,
 * refuse. Prints a line for each lock asked for, granted or refused, and released.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

static const char *mode_file;
static sd_event *loop;

static void read_mode(char mode[32])
{
	FILE *file = fopen(mode_file, "r");

	mode[0] = '\0';
	if (!file || fscanf(file, "%31s", mode) != 1)
		snprintf(mode, 32, "grant");
	if (file)
		fclose(file);
}

static int on_released(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)events;
	(void)userdata;
	puts("released");
	close(fd);
	sd_event_source_unref(source);
	return 0;
}

static int grant(sd_bus_message *call)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = sd_event_add_io(loop, NULL, ends[0], 0, on_released, NULL); /* EPOLLHUP: the other end is closed */
	if (r >= 0)
		puts("granted");
	if (r >= 0)
		r = sd_bus_reply_method_return(call, "h", ends[1]);
	close(ends[1]);
	return r;
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	sd_bus_message *call = userdata;

	(void)usec;
	grant(call);
	sd_bus_message_unref(call);
	sd_event_source_unref(source);
	return 0;
}

static int on_inhibit(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	const char *what, *who, *why, *how;
	sd_event_source *source;
	char mode[32];
	int r = sd_bus_message_read(call, "ssss", &what, &who, &why, &how);

	(void)userdata;
	if (r < 0)
		return r;
	read_mode(mode);
	printf("asked: %s by %s, %s: %s\n", what, who, how, why);
	if (strcmp(mode, "refuse") == 0 || (strcmp(mode, "refuse-block") == 0 && strcmp(how, "block") == 0)) {
		puts("refused");
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "Permission denied");
	}
	if (strcmp(mode, "silent") == 0)
		return 1;
	if (strcmp(mode, "late") != 0)
		return grant(call);
	r = sd_event_add_time_relative(loop, &source, CLOCK_MONOTONIC, 1000000, 1000, on_late,
				       sd_bus_message_ref(call));
	return r < 0 ? r : 1;
}

static const sd_bus_vtable manager[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	if (argc != 3) {
		fputs("Usage: fake-logind ADDRESS MODE-FILE\n", stderr);
		return 2;
	}
	mode_file = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if ((r = sd_event_new(&loop)) < 0 || (r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_address(bus, argv[1])) < 0 ||
	    (r = sd_bus_set_bus_client(bus, 1)) < 0 || (r = sd_bus_start(bus)) < 0 ||
	    (r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
					  manager, NULL)) < 0 ||
	    (r = sd_bus_request_name(bus, "org.freedesktop.login1", 0)) < 0 ||
	    (r = sd_bus_attach_event(bus, loop, 0)) < 0) {
		fprintf(stderr, "fake-logind: %s\n", strerror(-r));
		return 1;
	}
	puts("ready");
	return sd_event_loop(loop) < 0;
}

/*
 * bus_link FROM TO - a simulated CAN bus over a distance: packets of FROM's clients to TO and back
 *
 * Each is unix:PATH (as simbus listens there) or tcp:PORT, tcp:ADDRESS:PORT, where a byte with its length goes before
 * each packet. FROM listens, port 0 takes any; TO is connected to anew for each client. Says "listening on PORT" once
 * it does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PACKET_BYTES 255u

struct end {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_in tcp;
	} address;
	socklen_t n_address;
};

static void die(const char *what)
{
	fprintf(stderr, "bus_link: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct end parse(const char *words)
{
	struct end end = {.n_address = sizeof(end.address.tcp)};
	char host[64] = "";
	unsigned port;

	if (strncmp(words, "unix:", 5) == 0 && strlen(words + 5) < sizeof(end.address.local.sun_path)) {
		end.address.local.sun_family = AF_UNIX;
		memcpy(end.address.local.sun_path, words + 5, strlen(words + 5));
		end.n_address = sizeof(end.address.local);
		return end;
	}
	end.address.tcp.sin_family = AF_INET;
	if (sscanf(words, "tcp:%63[0-9.]:%u", host, &port) != 2) {
		strcpy(host, "127.0.0.1");
		if (sscanf(words, "tcp:%u", &port) != 1)
			port = UINT_MAX;
	}
	if (port > UINT16_MAX || inet_pton(AF_INET, host, &end.address.tcp.sin_addr) != 1) {
		fprintf(stderr, "bus_link: '%s' is no end of a link; see the head of its source\n", words);
		exit(2);
	}
	end.address.tcp.sin_port = htons((uint16_t)port);
	return end;
}

static bool is_stream(const struct end *end)
{
	return end->address.any.sa_family == AF_INET;
}

static int open_socket(const struct end *end)
{
	int fd = socket(end->address.any.sa_family, is_stream(end) ? SOCK_STREAM : SOCK_SEQPACKET, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void send_soon(int fd, const struct end *end)
{
	const int on = 1;

	if (is_stream(end))
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* whole packets out of a stream, until a side is gone */
static void forward_stream(int from, int to)
{
	uint8_t bytes[4096];
	size_t n = 0, at;
	ssize_t r;

	while ((r = recv(from, bytes + n, sizeof(bytes) - n, 0)) > 0) {
		n += (size_t)r;
		for (at = 0; at < n && n - at > bytes[at]; at += 1u + bytes[at])
			if (send(to, bytes + at + 1, bytes[at], MSG_NOSIGNAL) < 0)
				return;
		n -= at;
		memmove(bytes, bytes + at, n);
	}
}

static void forward_packets(int from, int to)
{
	uint8_t bytes[1 + PACKET_BYTES];
	ssize_t n;

	while ((n = recv(from, bytes + 1, PACKET_BYTES, 0)) > 0) {
		bytes[0] = (uint8_t)n;
		if (send(to, bytes, (size_t)n + 1, MSG_NOSIGNAL) < 0)
			return;
	}
}

/* in a process of its own: one direction may wait for a slow reader while the other goes on */
static void forward(int from, const struct end *source, int to)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return;
	(is_stream(source) ? forward_stream : forward_packets)(from, to);
	shutdown(from, SHUT_RDWR);
	shutdown(to, SHUT_RDWR);
	_exit(0);
}

static void serve(int near, const struct end *from, const struct end *to)
{
	int far = open_socket(to);

	send_soon(near, from);
	send_soon(far, to);
	if (connect(far, &to->address.any, to->n_address) < 0) {
		fprintf(stderr, "bus_link: the far side: %s\n", strerror(errno));
	} else {
		forward(near, from, far);
		forward(far, to, near);
	}
	close(near);
	close(far);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: bus_link FROM TO\n", stderr);
		return 2;
	}
	struct end from = parse(argv[1]), to = parse(argv[2]);
	int listener = open_socket(&from);

	if (is_stream(&from) == is_stream(&to)) {
		fputs("bus_link: one end is unix:, the other tcp:\n", stderr);
		return 2;
	}
	signal(SIGCHLD, SIG_IGN);
	if (bind(listener, &from.address.any, from.n_address) < 0 || listen(listener, 8) < 0 ||
	    getsockname(listener, &from.address.any, &from.n_address) < 0)
		die(argv[1]);
	printf("listening on %u\n", is_stream(&from) ? ntohs(from.address.tcp.sin_port) : 0u);
	fflush(stdout);
	for (;;) {
		int near = accept(listener, NULL, NULL);

		if (near >= 0)
			serve(near, &from, &to);
	}
}

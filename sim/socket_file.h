/*
 * socket_file - the place where a simulator's socket is to lie: cleared of what a killed program left there, and of
 * nothing else.
 */
#ifndef SIM_SOCKET_FILE_H
#define SIM_SOCKET_FILE_H

/**
 * socket_file_clear() - removes the socket at @path if nobody listens at it
 * @type: of the socket that is to be there, SOCK_STREAM or SOCK_SEQPACKET
 *
 * Return: 0 if the path is free; -EEXIST if something other than a socket lies there, -EADDRINUSE if somebody listens,
 * else -errno.
 */
int socket_file_clear(const char *path, int type);

/* what went wrong and what to do about it; @error: of socket_file_clear(), or any -errno */
const char *socket_file_words(int error);

#endif

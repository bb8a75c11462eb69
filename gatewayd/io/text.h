/*
 * text - words that leave the gateway over protobuf or D-Bus, both of which refuse a whole message for one bad byte.
 */
#ifndef GATEWAYD_IO_TEXT_H
#define GATEWAYD_IO_TEXT_H

/*
 * text_mend() - makes @text valid UTF-8 without control characters, in place: each bad byte becomes '?'
 *
 * Texts are put together in buffers of fixed size, which may cut a character in two.
 */
void text_mend(char *text);

#endif

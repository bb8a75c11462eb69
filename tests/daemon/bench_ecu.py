"""An ECU that lets its memory be read, on a simulated bus: bench_ecu.py BUS MEMORY-FILE BASE [OPTION...].

Request 7E0, response 7E8; classic CAN, written for the test from what ISO-TP asks of a receiver. Options: locked (35 is
refused before 27), lossy (each seventh answer to 36 is lost), slow (10 ms before each block), check (31 01 0202 with a
CRC-32 is answered), overflow (long requests are refused by flow control), pending (31 is answered with NRC 78, and no
more than that), resets (back to the default session at the fifth block).
"""
import socket
import struct
import sys
import time
import zlib

REQUEST, RESPONSE = 0x7E0, 0x7E8
BLOCK = 130  # data bytes


class Ecu:
    def __init__(self, bus, memory, base, options):
        self.bus = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.bus.connect(bus)
        self.memory, self.base, self.options = memory, base, options
        self.session, self.unlocked = 1, False
        self.position = self.end = 0
        self.counter, self.block, self.n_blocks = None, b"", 0

    # ISO-TP

    def frame(self, data):
        self.bus.send(struct.pack("=IB3x8s", RESPONSE, 8, data.ljust(8, b"\xaa")))

    def next_frame(self):
        while True:
            can_id, length, data = struct.unpack("=IB3x8s", self.bus.recv(16))
            if can_id == REQUEST:
                return data[:length]

    def receive(self):
        data = self.next_frame()
        if data[0] >> 4 == 0:
            return data[1 : 1 + data[0]]
        if data[0] >> 4 != 1:
            return b""
        length = (data[0] & 15) << 8 | data[1]
        pdu = data[2:]
        if "overflow" in self.options:
            self.frame(b"\x32\x00\x00")
            return b""
        self.frame(b"\x30\x00\x00")
        while len(pdu) < length:
            data = self.next_frame()
            if data[0] >> 4 == 2:
                pdu += data[1:]
        return pdu[:length]

    def send(self, pdu):
        if len(pdu) <= 7:
            self.frame(bytes([len(pdu)]) + pdu)
            return
        self.frame(bytes([0x10 | len(pdu) >> 8, len(pdu) & 255]) + pdu[:6])
        while self.next_frame()[0] >> 4 != 3:
            pass
        for number, at in enumerate(range(6, len(pdu), 7), 1):
            self.frame(bytes([0x20 | number & 15]) + pdu[at : at + 7])

    # UDS

    def upload(self, pdu):
        address, length = struct.unpack(">II", pdu[3:11])
        if self.session == 1:
            return b"\x7f\x35\x7f"
        if "locked" in self.options and not self.unlocked:
            return b"\x7f\x35\x33"
        if not self.base <= address <= address + length <= self.base + len(self.memory):
            return b"\x7f\x35\x31"
        self.position, self.end = address - self.base, address - self.base + length
        self.counter = None
        return b"\x75\x20" + struct.pack(">H", BLOCK + 2)

    def data(self, pdu):
        if "slow" in self.options:
            time.sleep(0.01)
        if "resets" in self.options and self.n_blocks == 4:
            self.session, self.unlocked = 1, False
        if self.session == 1:
            return b"\x7f\x36\x7f"
        if pdu[1] != self.counter:
            self.counter = pdu[1]
            n = min(BLOCK, self.end - self.position)
            self.block = self.memory[self.position : self.position + n]
            self.position += n
        self.n_blocks += 1
        if "lossy" in self.options and self.n_blocks % 7 == 0:
            return None
        return bytes([0x76, pdu[1]]) + self.block

    def answer(self, pdu):
        if pdu[0] == 0x10:
            self.session, self.unlocked = pdu[1] & 0x7F, False
            return bytes([0x50, self.session, 0, 50, 1, 0xF4])
        if pdu[0] == 0x3E:
            return None if pdu[1] & 0x80 else b"\x7e\x00"
        if pdu[0] == 0x27 and pdu[1] == 1:
            return b"\x67\x01" + b"\x11\x22\x33\x44"
        if pdu[0] == 0x27:
            self.unlocked = pdu[2:] == bytes(a ^ b for a, b in zip(b"\x11\x22\x33\x44", b"\x01\x02\x03\x04"))
            return b"\x67\x02" if self.unlocked else b"\x7f\x27\x35"
        if pdu[0] == 0x35:
            return self.upload(pdu)
        if pdu[0] == 0x36:
            return self.data(pdu)
        if pdu[0] == 0x37:
            return b"\x77"
        if pdu[:4] == b"\x31\x01\x02\x02" and "check" in self.options:
            good = pdu[4:] == struct.pack(">I", zlib.crc32(self.memory))
            return b"\x71\x01\x02\x02" + (b"\x00" if good else b"\x01")
        if pdu[:3] == b"\x22\xf1\x81":
            return b"\x62\xf1\x81bench-1"
        if pdu[0] == 0x31 and "pending" in self.options:
            self.send(b"\x7f\x31\x78")
            time.sleep(0.3)
            return b"\x7f\x31\x78"
        return bytes([0x7F, pdu[0], 0x31 if pdu[0] == 0x22 else 0x11])

    def serve(self):
        while True:
            pdu = self.receive()
            answer = self.answer(pdu) if pdu else None
            if answer is not None:
                self.send(answer)


def main():
    with open(sys.argv[2], "rb") as file:
        ecu = Ecu(sys.argv[1], file.read(), int(sys.argv[3], 0), sys.argv[4:])
    print("ready", flush=True)
    try:
        ecu.serve()
    except (OSError, struct.error):
        pass  # the bus has ended


main()

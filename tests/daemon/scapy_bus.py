"""Scapy on the simulated bus: its own ISO-TP and UDS, over a socket that gives it CAN frames.

The bus is a UNIX seqpacket socket with one struct can_frame a packet, so Scapy's CAN layer reads and builds what goes
over it; nothing here knows ISO-TP or UDS."""
import logging
import select
import socket

from scapy.config import conf

conf.contribs["ISOTP"] = {"use-can-isotp-kernel-module": False}
conf.verb = 0
logging.getLogger("scapy.contrib.isotp").setLevel(logging.ERROR)

from scapy.contrib.automotive.uds import UDS  # noqa: E402
from scapy.contrib.isotp import ISOTPSoftSocket  # noqa: E402
from scapy.layers.can import CAN  # noqa: E402
from scapy.supersocket import SuperSocket  # noqa: E402

conf.contribs["CAN"] = {"swap-bytes": True, "remove-padding": True}  # struct can_frame as Linux has it; import resets it
FRAME_BYTES = 16


class BusSocket(SuperSocket):
    """One client of the bus. Only frames of @identifier are handed up: Scapy looks at one frame every 5 ms."""

    def __init__(self, path, identifier):
        self.ins = self.outs = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ins.connect(path)
        self.identifier = identifier
        self.waiting = None

    def send(self, x):
        return self.outs.send(bytes(x).ljust(FRAME_BYTES, b"\0"))

    def fill(self):
        while self.waiting is None and select.select([self.ins], [], [], 0)[0]:
            packet = self.ins.recv(80)
            if not packet:
                self.close()
            elif len(packet) == FRAME_BYTES and CAN(packet).identifier == self.identifier:
                self.waiting = CAN(packet)
            if self.closed:
                return

    def recv(self, x=FRAME_BYTES):
        self.fill()
        frame, self.waiting = self.waiting, None
        return frame

    @staticmethod
    def select(sockets, remain=None):
        ready = []
        for each in sockets:
            each.fill()
            if each.waiting is not None:
                ready.append(each)
        return ready


def uds_socket(path, tx_id, rx_id, **options):
    """Scapy's ISO-TP between two identifiers; sends and gives UDS packets."""
    return ISOTPSoftSocket(BusSocket(path, rx_id), tx_id=tx_id, rx_id=rx_id, basecls=UDS, padding=True, **options)

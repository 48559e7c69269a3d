#!/usr/bin/env python3
"""Opens many TCP connections at once and gives them up: connect.py SOURCE TARGET COUNT."""
import socket
import sys
import time

source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in source else socket.AF_INET
attempts = []
for port in range(20000, 20000 + count):
    attempt = socket.socket(family, socket.SOCK_STREAM)
    attempt.setblocking(False)
    attempt.bind((source, 0))
    attempt.connect_ex((target, port))
    attempts.append(attempt)
time.sleep(0.3)

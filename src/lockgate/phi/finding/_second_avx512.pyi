"""`_second`, compiled for processors with AVX-512 VNNI (setup.py); not there on others."""

from lockgate.phi.finding._second import Second as Second

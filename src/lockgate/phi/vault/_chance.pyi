import random

class SecretRandom(random.SystemRandom):
    def __init__(self) -> None: ...

CHANCE: SecretRandom

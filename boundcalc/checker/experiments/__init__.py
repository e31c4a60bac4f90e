"""How a step is tried out: enumeration, simulation, and the worlds they run in."""

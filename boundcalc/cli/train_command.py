ENDINGS=(".json",)
def configure(p): pass
def run(a): raise ValueError("not yet")

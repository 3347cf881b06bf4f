"""`python -m dono`: the command line, as `torchrun -m dono` starts it in each process."""

from dono.cli import main

if __name__ == "__main__":
    main()

"""Facts that both sides of a trust boundary agree on, and no behaviour.

The compiler and the verifier never import each other; they agree through this
package and through ``docs/spec/confinement.md``.  The C core and the guest
headers are generated from the same facts by :mod:`motte.abi.header`.
"""

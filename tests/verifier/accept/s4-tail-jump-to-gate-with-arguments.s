# Twin of reject/s4-tail-jump-to-gate-with-arguments.s, without the fault.
function f 16
bad:    jmp GATE16
end f

# Twin of reject/c1-jump-to-the-middle-of-a-gate.s, without the fault.
function f
        jmp GATE
end f

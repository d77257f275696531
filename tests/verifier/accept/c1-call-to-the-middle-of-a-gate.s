# Twin of reject/c1-call-to-the-middle-of-a-gate.s, without the fault.
function f
        call GATE
        ret
end f

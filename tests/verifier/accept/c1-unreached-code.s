# Twin of reject/c1-unreached-code.s, without the fault.
function f
        jmp 1f
        nop
1:      ret
end f

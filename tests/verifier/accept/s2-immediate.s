# Twin of reject/s2-immediate.s, without the fault.
function f
        movq $64, %rbp
        ret
end f

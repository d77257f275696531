# Twin of reject/s2-or-immediate.s, without the fault.
function f
        orq $8, %rbp
        ret
end f

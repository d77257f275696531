# Twin of reject/s2-pop.s, without the fault.
function f
        pushq %rax
        popq %rbp
        ret
end f

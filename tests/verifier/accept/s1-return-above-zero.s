# Twin of reject/s1-return-above-zero.s, without the fault.
function f
        pushq %rax
        popq %rax
        ret
end f

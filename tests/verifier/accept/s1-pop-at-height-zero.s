# Twin of reject/s1-pop-at-height-zero.s, without the fault.
function f
        pushq %rax
        popq %rdi
        ret
end f

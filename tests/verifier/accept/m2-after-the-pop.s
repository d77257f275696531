# Twin of reject/m2-after-the-pop.s, without the fault.
function f
        pushq %rax
        popq %rax
        movq %rax, %rcx
        ret
end f

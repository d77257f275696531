# Twin of reject/m2-return-address-by-half.s, without the fault.
function f
        pushq %rax
        movl %ecx, 4(%rsp)
        popq %rax
        ret
end f

# Twin of reject/s2-lea-to.s, without the fault.
function f
        leaq 8(%rax), %rbp
        ret
end f

# Twin of reject/m2-arguments-by-half.s, without the fault.
function f 8
        movl 12(%rsp), %ecx
        ret
end f

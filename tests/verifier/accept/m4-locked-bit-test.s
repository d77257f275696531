# Twin of reject/m4-locked-bit-test.s, without the fault.
function f
        lock btsl $3, %gs:(%eax)
        ret
end f
